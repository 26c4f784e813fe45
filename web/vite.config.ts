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
      for (const name of readdirSync(folder).filter((name) => /\.(css|js|svg)$/.test(name))) {
        const file = join(folder, name);
        const bytes = readFileSync(file);
        const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } };
        writeFileSync(`${file}.br`, brotliCompressSync(bytes, options));
        writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  base: "/assets/",
  plugins: [packed()],
  css: {
    // bootstrap-italia is written with @import and the older functions
    preprocessorOptions: { scss: { quietDeps: true, silenceDeprecations: ["import"] } },
  },
  build: {
    // what a ten-year-old phone still understands
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
