// The whole of Hydrogen, as its own page starts it.
import { FeatureSet, Platform, RootViewModel, createNavigation, createRouter } from "hydrogen-view-sdk";

const platform = new Platform({
    container: document.body,
    assetPaths: {
        downloadSandbox: "assets/download-sandbox.html",
        worker: "assets/main.js",
        serviceWorker: "sw.js",
        olm: { wasm: "olm/olm.wasm", wasmBundle: "olm/olm.js", legacyBundle: "olm/olm_legacy.js" },
    },
    config: {},
    options: {},
});
const navigation = createNavigation();
platform.setNavigation(navigation);
await platform.init();
const urlRouter = createRouter({ navigation, history: platform.history });
urlRouter.attach();
const features = await FeatureSet.load(platform.settingsStorage);
const root = new RootViewModel({ platform, urlRouter, navigation, features });
await root.load();
platform.createAndMountRootView(root);
