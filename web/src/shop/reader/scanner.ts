// Reads QR codes where the browser cannot: ZXing as WebAssembly, served by us. It is a file of its own,
// fetched when a camera is opened and never before.
import { BarcodeDetector, prepareZXingModule } from "barcode-detector/ponyfill";
import wasm from "zxing-wasm/reader/zxing_reader.wasm?url";

prepareZXingModule({ overrides: { locateFile: () => wasm } });

/** A reader of QR codes. */
export const make = () => new BarcodeDetector({ formats: ["qr_code"] });
