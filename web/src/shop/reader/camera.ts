// The camera: the browser's own barcode reader where it has one, else ours, which comes only then.

interface Reader {
  detect(image: HTMLVideoElement): Promise<{ rawValue: string }[]>;
}

/** The constructor as browsers have it. */
interface ReaderKind {
  new (options: { formats: string[] }): Reader;
  getSupportedFormats(): Promise<string[]>;
}

/** Why nothing is read: there is no picture, or no more, or nobody who reads it. */
export type Trouble = "refused" | "missing" | "broken" | "unable" | "reader" | "ended";

const BETWEEN_MS = 120;
const OPTIONS = { formats: ["qr_code"] };
let reader: Promise<Reader> | undefined;

async function make(): Promise<Reader> {
  const own = (window as { BarcodeDetector?: ReaderKind }).BarcodeDetector;
  if (own && (await own.getSupportedFormats()).includes("qr_code")) return new own(OPTIONS);
  return (await import("./scanner")).make();
}

/** Whether our reader can be compiled here: browsers from before 2022 may refuse, whatever the page allows. */
function compiles(): boolean {
  try {
    return Boolean(new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])));
  } catch {
    return false;
  }
}

/** The reader; one that did not come is asked for anew. */
async function ready(): Promise<Reader> {
  reader ??= make();
  try {
    return await reader;
  } catch (error) {
    reader = undefined;
    throw error;
  }
}

/** Fetches our reader before anybody waits for it, where there is a camera for it. */
export async function fetchAhead(): Promise<void> {
  if (!cameraThere()) return;
  const devices = await navigator.mediaDevices.enumerateDevices();
  if (devices.some(({ kind }) => kind === "videoinput")) await ready();
}

/** Whether this device may have a camera at all. */
export const cameraThere = () => Boolean((navigator.mediaDevices as MediaDevices | undefined)?.getUserMedia);

/** Shows the picture and hands on what is read until it is stopped. */
export class Camera {
  private stream: MediaStream | undefined;
  private stopped = false;

  /** `lost` is told when the picture ends by itself: another app took the camera, or its plug was pulled. */
  constructor(private readonly video: HTMLVideoElement, private readonly lost: (trouble: Trouble) => void) {}

  /** Nothing when all is well; `preparing` hears while there is a picture and nobody who reads it yet. */
  async start(read: (text: string) => unknown, preparing: (on: boolean) => void): Promise<Trouble | undefined> {
    try {
      await this.open();
    } catch (error) {
      const name = error instanceof DOMException ? error.name : "";
      if (name === "NotAllowedError") return this.giveUp("refused");
      return this.giveUp(name === "NotFoundError" ? "missing" : "broken");
    }
    if (this.stopped) return undefined;
    preparing(true);
    try {
      void this.look(await ready(), read);
    } catch {
      return this.giveUp(compiles() ? "reader" : "unable");
    }
    preparing(false);
    return undefined;
  }

  private async open(): Promise<void> {
    const video = { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } };
    this.stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
    // another screen may have come while the person was asked
    if (this.stopped) return this.stop();
    this.stream.getTracks().forEach((track) => track.addEventListener("ended", () => this.giveUp("ended") && this.lost("ended")));
    this.video.srcObject = this.stream;
    await this.video.play();
  }

  /** Whoever has left hears of no trouble. */
  private giveUp(trouble: Trouble): Trouble | undefined {
    const left = this.stopped;
    this.stop();
    return left ? undefined : trouble;
  }

  private async look(by: Reader, read: (text: string) => unknown): Promise<void> {
    for (let last = ""; !this.stopped; ) {
      // a picture that cannot be read is followed by the next one
      const found = await by.detect(this.video).catch(() => []);
      const text = found[0]?.rawValue ?? "";
      // what still lies before the camera was answered already
      if (text && text !== last && !this.stopped) read(text);
      last = text;
      await new Promise((done) => setTimeout(done, BETWEEN_MS));
    }
  }

  /** Gives the camera back. */
  stop(): void {
    this.stopped = true;
    this.stream?.getTracks().forEach((track) => track.stop());
  }
}
