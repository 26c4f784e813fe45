// Reads QR codes where the browser cannot: ZXing as WebAssembly, served by us. It is a file of its own,
// fetched when a camera is opened and never before.
import { BarcodeDetector, prepareZXingModule, purgeZXingModule } from "barcode-detector/ponyfill";
import wasm from "zxing-wasm/reader/zxing_reader.wasm?url";

const overrides = { locateFile: () => wasm };

/** A reader of QR codes, once all of it has come. */
export async function make(): Promise<BarcodeDetector> {
  try {
    await prepareZXingModule({ overrides, fireImmediately: true });
  } catch (error) {
    // the failure would be kept, and be the answer to every later picture
    purgeZXingModule();
    throw error;
  }
  return new BarcodeDetector({ formats: ["qr_code"] });
}
