export function bundleCommand(outfile: string): { readonly metafile: unknown };
