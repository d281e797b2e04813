/** What a command writes to. */
export interface Streams {
  readonly out: { write(text: string): unknown };
  readonly err: { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown };
}

/** How far something has come. */
export interface Progress {
  /** What goes on, such as `uploading`. */
  readonly what: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** Says what goes on: on a terminal with a bar, else in plain lines, and as one JSON object a line for machines. */
export interface Output {
  /** May be called as often as one likes: it is shown a few times a second on a terminal, else every ten seconds. */
  progress(progress: Progress): void;
  /** What is going on. */
  note(line: string): void;
  /** What the user should know, with an id that stays. */
  warn(id: string, line: string): void;
  /** What came out: lines for people, fields for machines. */
  result(fields: { [key: string]: unknown }, lines: string[]): void;
  error(line: string): void;
  /** Called once, when nothing more comes. */
  end(): void;
}

export function createOutput(streams: Streams, json: boolean): Output {
  return json ? new JsonOutput(streams) : new PlainOutput(streams);
}

/** Every line goes to standard output. */
class JsonOutput implements Output {
  private readonly meter = new Meter(1_000);
  constructor(private readonly streams: Streams) {}
  public progress(progress: Progress) {
    const rate = this.meter.rateOf(progress);
    if (rate !== undefined) this.write({ event: 'progress', ...progress, bytesPerSecond: rate });
  }
  public note(message: string) { this.write({ event: 'note', message }); }
  public warn(id: string, message: string) { this.write({ event: 'warning', id, message }); }
  public result(fields: { [key: string]: unknown }) { this.write({ event: 'result', ...fields }); }
  public error(message: string) { this.write({ event: 'error', message }); }
  public end() {}
  private write(value: unknown) { this.streams.out.write(`${JSON.stringify(value)}\n`); }
}

/** Results go to standard output, all else to standard error. */
class PlainOutput implements Output {
  private readonly meter: Meter;
  private bar = false;

  constructor(private readonly streams: Streams) {
    this.meter = new Meter(streams.err.isTTY ? 200 : 10_000);
  }

  public progress(progress: Progress) {
    const rate = this.meter.rateOf(progress);
    if (rate === undefined) return;
    const line = `${progress.what} ${bytes(progress.doneBytes)} of ${bytes(progress.totalBytes)}, ${bytes(rate)}/s${left(progress, rate)}`;
    if (!this.streams.err.isTTY) return void this.streams.err.write(`${line}\n`);
    this.bar = true;
    const width = 20;
    const share = progress.totalBytes === 0 ? 1 : progress.doneBytes / progress.totalBytes;
    const full = Math.round(share * width);
    const text = `[${'#'.repeat(full)}${' '.repeat(width - full)}] ${line}`;
    this.streams.err.write(`\r\u001b[K${text.slice(0, (this.streams.err.columns ?? 80) - 1)}`);
  }

  public note(line: string) { this.say(line); }
  public warn(id: string, line: string) { this.say(`warning: ${line} [${id}]`); }
  public error(line: string) { this.say(`error: ${line}`); }
  public end() { this.endBar(); }

  public result(_: { [key: string]: unknown }, lines: string[]) {
    this.endBar();
    for (const line of lines) this.streams.out.write(`${printable(line)}\n`);
  }

  private say(line: string) {
    this.endBar();
    this.streams.err.write(`${printable(line)}\n`);
  }

  private endBar() {
    if (this.bar) this.streams.err.write('\r\u001b[K');
    this.bar = false;
  }
}

/** Names come from elsewhere: what steers a terminal, or begins a line that looks like one of ours, is spelled out. Our own further lines are indented. */
function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/\n(?! {2})|[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** How fast something goes, over the last ten seconds or so; undefined while it is too early to say it again. */
class Meter {
  private what = '';
  private samples: Array<{ readonly at: number; readonly done: number }> = [];
  private shown = 0;

  constructor(private readonly everyMs: number) {}

  public rateOf({ what, doneBytes, totalBytes }: Progress): number | undefined {
    const now = Date.now();
    if (what !== this.what) {
      this.what = what;
      this.samples = [{ at: now, done: doneBytes }];
      this.shown = now; // a step that is over at once says nothing
      return undefined;
    }
    if (now - this.shown < this.everyMs && doneBytes < totalBytes) return undefined;
    if (now - this.shown < 200) return undefined;
    this.shown = now;
    const [first] = this.samples;
    this.samples = [...this.samples.filter(({ at }) => now - at < 10_000), { at: now, done: doneBytes }];
    return Math.max(0, Math.round((doneBytes - first.done) / Math.max(1, now - first.at) * 1_000));
  }
}

function left({ doneBytes, totalBytes }: Progress, rate: number): string {
  if (rate === 0 || doneBytes >= totalBytes) return '';
  const seconds = Math.ceil((totalBytes - doneBytes) / rate);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds % 3_600 / 60)];
  return `, ${hours > 0 ? `${hours} h ` : ''}${hours > 0 || minutes > 0 ? `${minutes} min ` : ''}${seconds % 60} s left`;
}

/** In the units of `Size`. */
export function bytes(count: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, count)) / 10));
  return `${power === 0 ? count : (count / 2 ** (10 * power)).toFixed(1)} ${units[power]}`;
}
