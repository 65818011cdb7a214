"""The words people type: quoting, times, names and the commands they make."""
