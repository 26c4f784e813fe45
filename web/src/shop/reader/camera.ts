// The camera: the browser's own barcode reader where it has one, else ours, which comes only then.

interface Reader {
  detect(image: HTMLVideoElement): Promise<{ rawValue: string }[]>;
}

/** The constructor as browsers have it. */
interface ReaderKind {
  new (options: { formats: string[] }): Reader;
  getSupportedFormats(): Promise<string[]>;
}

/** Why there is no picture. */
export type Trouble = "refused" | "missing" | "broken";

const BETWEEN_MS = 120;
const OPTIONS = { formats: ["qr_code"] };
let reader: Promise<Reader> | undefined;

async function make(): Promise<Reader> {
  const own = (window as { BarcodeDetector?: ReaderKind }).BarcodeDetector;
  if (own && (await own.getSupportedFormats()).includes("qr_code")) return new own(OPTIONS);
  return (await import("./scanner")).make();
}

/** Whether this device may have a camera at all. */
export const cameraThere = () => Boolean((navigator.mediaDevices as MediaDevices | undefined)?.getUserMedia);

/** Shows the picture and hands on what is read until it is stopped. */
export class Camera {
  private stream: MediaStream | undefined;
  private stopped = false;

  constructor(private readonly video: HTMLVideoElement) {}

  /** Nothing when all is well. */
  async start(read: (text: string) => Promise<unknown>): Promise<Trouble | undefined> {
    try {
      const video = { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } };
      const stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
      this.stream = stream;
      // another screen may have come while the person was asked
      if (this.stopped) return void this.stop();
      this.video.srcObject = stream;
      await this.video.play();
      reader ??= make();
      void this.look(await reader, read);
      return undefined;
    } catch (error) {
      reader = undefined;
      const stopped = this.stopped;
      this.stop();
      if (stopped) return undefined;
      const name = error instanceof DOMException ? error.name : "";
      if (name === "NotAllowedError") return "refused";
      return name === "NotFoundError" ? "missing" : "broken";
    }
  }

  private async look(by: Reader, read: (text: string) => Promise<unknown>): Promise<void> {
    for (let last = ""; !this.stopped; ) {
      // a picture that cannot be read is followed by the next one
      const found = await by.detect(this.video).catch(() => []);
      const text = found[0]?.rawValue ?? "";
      // what still lies before the camera was answered already
      if (text && text !== last && !this.stopped) await read(text);
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
