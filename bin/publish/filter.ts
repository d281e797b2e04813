import picomatch from 'picomatch';

/** Which files of a source belong to the model. */
export interface Filter {
  accepts(path: string): boolean;
}

/** What versioning, download caches and operating systems leave in a folder: never a part of a model. */
export const LITTER = ['.git', '.cache', '.gitattributes', '.gitignore', '.DS_Store', '__pycache__', '.ipynb_checkpoints'];

/** Whether a path is litter, or lies in a folder that is. */
export function isLitter(path: string): boolean {
  return path.split('/').some(segment => LITTER.includes(segment));
}

/**
 * A filter by globs as picomatch reads them. A glob without `/` is for the name in whatever folder; a glob of a folder is for all in it.
 * Litter stays out, unless a glob of `include` names it. `exclude` has the last word.
 */
export function filterOf(include: string[], exclude: string[]): Filter {
  const included = matcher(include);
  const excluded = matcher(exclude);
  const wanted = matcher(include.filter(isLitter));
  return { accepts: path => !excluded(path) && (include.length === 0 || included(path)) && (!isLitter(path) || wanted(path)) };
}

function matcher(globs: string[]): (path: string) => boolean {
  const matches = globs.map(glob => {
    const bare = glob.replace(/^\.?\/+/, '').replace(/\/+$/, '');
    const anywhere = bare.includes('/') ? bare : `**/${bare}`;
    return picomatch([anywhere, `${anywhere}/**`], { dot: true });
  });
  return path => matches.some(match => match(path));
}
