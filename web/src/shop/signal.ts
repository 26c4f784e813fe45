// A sound and a shake that tell yes from no without looking; both can be switched off.
const OFF = "buono.quiet";

/** Whether the till makes itself heard. */
export const heard = () => localStorage.getItem(OFF) === null;

/** Switched off, or a page that nobody has tapped yet: a result that was settled when the app opened. */
const silent = () => !heard() || navigator.userActivation?.hasBeenActive === false;

let sounds: AudioContext | undefined;

function beep(hertz: number, from: number, seconds: number): void {
  if (!sounds) return;
  const [tone, volume, at] = [sounds.createOscillator(), sounds.createGain(), sounds.currentTime + from];
  tone.frequency.value = hertz;
  volume.gain.setValueAtTime(0.25, at);
  volume.gain.exponentialRampToValueAtTime(0.001, at + seconds);
  tone.connect(volume).connect(sounds.destination);
  tone.start(at);
  tone.stop(at + seconds);
}

/** Phones play nothing before a tap has woken the sounds, and a result comes when the tap is over. */
function wake(): void {
  if (silent() || !("AudioContext" in window)) return;
  sounds ??= new AudioContext();
  if (sounds.state !== "running") void sounds.resume().catch(() => undefined);
}

/** Switches both on or off. */
export function hear(on: boolean): void {
  if (on) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "1");
  wake();
}

/** Wakes them at every tap: whoever comes back from another app finds them asleep again. */
export function startSignal(): void {
  for (const event of ["pointerup", "keydown"]) addEventListener(event, wake, true);
}

/** Up for yes, low and twice for no. */
export function signal(good: boolean): void {
  if (silent()) return;
  // phones without a motor refuse by answering false; some browsers have neither
  navigator.vibrate?.(good ? 150 : [300, 120, 300]);
  if (good) {
    beep(880, 0, 0.15);
    beep(1320, 0.15, 0.3);
  } else {
    beep(220, 0, 0.3);
    beep(180, 0.4, 0.5);
  }
}
