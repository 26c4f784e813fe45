// Where attempts lie until they are settled: the browser's database, which a dead battery does not
// empty. A PIN never gets there.
import { place } from "../till";
import type { Attempt } from "./attempt";

const STORE = "attempts";
/** Where earlier versions of this page kept them. */
const EARLIER = "buono.attempt.";

interface Stored extends Attempt {
  shop: string;
}

/** What a database says whose connection is gone: phones close it while the app is in the background. */
const GONE = ["InvalidStateError", "UnknownError"];

let opened: Promise<IDBDatabase> | undefined;

/** Opened anew next time. */
function forget(): void {
  opened = undefined;
}

/** Some browsers never answer the first question of a visit; nothing may be sent meanwhile. */
const OPEN_MS = 5000;

function database(): Promise<IDBDatabase> {
  opened ??= new Promise<IDBDatabase>((done, failed) => {
    setTimeout(() => failed(new Error("database")), OPEN_MS);
    const request = indexedDB.open("buono", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: ["shop", "key"] });
    request.onsuccess = () => {
      const database = request.result;
      database.onclose = forget;
      // another window has a newer version of this page
      database.onversionchange = () => {
        database.close();
        forget();
      };
      done(database);
    };
    request.onerror = () => failed(request.error);
  }).catch((error: unknown) => {
    forget();
    throw error;
  });
  return opened;
}

async function once<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const transaction = (await database()).transaction(STORE, mode, { durability: "strict" });
  const request = act(transaction.objectStore(STORE));
  return new Promise((done, failed) => {
    transaction.oncomplete = () => done(request.result);
    transaction.onabort = () => failed(transaction.error);
  });
}

/** Runs one request and waits until the disk has it; once more where the connection was gone. */
async function on<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  try {
    return await once(mode, act);
  } catch (error) {
    if (!(error instanceof DOMException && GONE.includes(error.name))) throw error;
    forget();
    return once(mode, act);
  }
}

const put = (stored: Stored) => on("readwrite", (store) => store.put(stored));

/** Stores it, or fails: what is not stored must not be sent. */
export async function keep(attempt: Attempt): Promise<void> {
  const { pin, ...body } = attempt.body;
  await put({ ...attempt, body, secret: pin !== undefined, shop: place() });
}

/** It is settled. */
export async function drop(attempt: Attempt): Promise<void> {
  await on("readwrite", (store) => store.delete([place(), attempt.key]));
}

/** Takes over what an earlier version of this page has left. */
async function takeOver(): Promise<void> {
  for (const name of Object.keys(localStorage).filter((name) => name.startsWith(EARLIER))) {
    const shop = name.slice(EARLIER.length).split(".")[0] ?? "";
    await put({ ...(JSON.parse(localStorage.getItem(name) ?? "") as Attempt), shop });
    localStorage.removeItem(name);
  }
}

/** What this shop has begun and not settled, the oldest first. */
export async function unsettled(): Promise<Attempt[]> {
  await takeOver();
  const all = (await on("readonly", (store) => store.getAll())) as Stored[];
  return all.filter(({ shop }) => shop === place()).sort((one, other) => one.at - other.at);
}

/** What any shop of this phone has begun and not settled: shown when the till was disconnected. */
export async function unsettledAnywhere(): Promise<Attempt[]> {
  await takeOver();
  const all = (await on("readonly", (store) => store.getAll())) as Stored[];
  return all.filter(({ shop }) => shop !== "training");
}
