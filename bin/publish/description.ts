import { CommandError } from '../cli/command';

/**
 * `model.json`: what the sizes of all other files add up to, and what the source says of itself. With `totalBytes` alone it is, byte for byte,
 * what the documented shell commands write.
 */
export function describeModel(totalBytes: number, fields: { readonly [key: string]: unknown }): string {
  const more = Object.entries(fields).map(([key, value]) => `, ${JSON.stringify(key)}: ${JSON.stringify(value)}`).join('');
  if (more.includes('"totalBytes"')) throw new CommandError('the description of the source has a totalBytes of its own: that name is taken by the layout');
  return `{"totalBytes": ${totalBytes}${more}}\n`;
}

/** What a `model.json` of this layout says beside `totalBytes`; undefined where it is none, but a file of the model that happens to be called so. */
export function descriptionFields(text: string): { readonly [key: string]: unknown } | undefined {
  try {
    const { totalBytes, ...fields } = JSON.parse(text);
    return Number.isSafeInteger(totalBytes) && describeModel(totalBytes, fields) === text ? fields : undefined;
  } catch {
    return undefined;
  }
}
