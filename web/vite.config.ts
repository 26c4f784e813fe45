import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

/** Packs each file once, here, so that the server never spends a till's time on it. */
function packed(): Plugin {
  let folder = "";
  return {
    name: "packed",
    apply: "build",
    configResolved(config) {
      folder = config.build.outDir;
    },
    closeBundle() {
      for (const name of readdirSync(folder).filter((name) => /\.(css|js|svg|wasm)$/.test(name))) {
        const file = join(folder, name);
        const bytes = readFileSync(file);
        const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } };
        writeFileSync(`${file}.br`, brotliCompressSync(bytes, options));
        writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
      }
    },
  };
}

/** Files that the shop's page names itself, and those that its styles do. */
const NAMED = /^(page|shop-style)-[0-9a-f]{8}\.css$|^titillium-web-\d+-[0-9a-f]{8}\.woff2$/;

/** Writes down what the shop's app needs to open without network: everything but the scanner. */
function shell(): Plugin {
  return {
    name: "shell",
    apply: "build",
    generateBundle(_, bundle) {
      const files = new Set(Object.keys(bundle).filter((name) => NAMED.test(name)));
      const add = (name: string): void => {
        const chunk = bundle[name];
        if (files.has(name) || chunk?.type !== "chunk") return;
        files.add(name);
        chunk.viteMetadata?.importedAssets.forEach((asset) => files.add(asset));
        chunk.imports.forEach(add);
      };
      const shop = Object.values(bundle).find((file) => file.type === "chunk" && file.isEntry && file.name === "shop");
      if (!shop) this.error("there is no shop's page");
      add(shop.fileName);
      this.emitFile({ type: "asset", fileName: "shell.json", source: JSON.stringify([...files].map((name) => `/assets/${name}`)) });
    },
  };
}

export default defineConfig({
  base: "/assets/",
  plugins: [shell(), packed()],
  css: {
    // bootstrap-italia is written with @import and the older functions
    preprocessorOptions: { scss: { quietDeps: true, silenceDeprecations: ["import"] } },
  },
  build: {
    // what a ten-year-old phone still understands; what it cannot do is in src/shared/old-browsers.ts
    target: ["es2018", "chrome64", "safari12", "firefox68"],
    cssTarget: ["chrome64", "safari12", "firefox68"],
    assetsDir: "",
    assetsInlineLimit: 0,
    emptyOutDir: true,
    modulePreload: false,
    rolldownOptions: {
      input: {
        page: "src/styles/page.scss",
        office: "src/styles/office.scss",
        voucher: "src/voucher/main.ts",
        shop: "src/shop/main.ts",
        "shop-style": "src/styles/shop-style.scss",
        worker: "src/worker/main.ts",
        console: "src/console/main.ts",
      },
      output: {
        // eight hex digits: build.rs takes the name in front of them for the file's own
        hashCharacters: "hex",
        entryFileNames: "[name]-[hash:8].js",
        chunkFileNames: "[name]-[hash:8].js",
        assetFileNames: "[name]-[hash:8][extname]",
      },
    },
  },
});
