export function bundleCommand(outfile: string, more?: import('esbuild').BuildOptions): { readonly metafile: unknown };
