/** Runs inside of a shaped link: `tsx bench/data/on-link.ts <folder> <files> <bytes of each> <rounds>` prints the laps as JSON. */
import { onBed } from './bed';
import { BARE_S5CMD, OURS_S5CMD } from './contenders';
import { race, sizesOf } from './rounds';

async function main(folder: string, files: number, bytesEach: number, rounds: number) {
  const laps = await onBed(folder, sizesOf(files, bytesEach), bed => race(bed, [BARE_S5CMD, OURS_S5CMD], rounds));
  process.stdout.write(JSON.stringify(laps));
}

const [folder, ...numbers] = process.argv.slice(2);
const [files, bytesEach, rounds] = numbers.map(Number);
void main(folder, files, bytesEach, rounds);
