import { DirectoryWriter, ManifestWriter } from './directory-writer';
import { literal } from '../private/literal';

/** Where manifests go. */
export class ManifestTarget {
  /**
   * Files in a directory, for Argo CD, Flux or `kubectl apply -f`, written by the same synth as the templates. The directory belongs to one set of
   * manifests: files that it wrote and no longer holds are removed; what others put there is never touched.
   *
   * @param path of the directory, seen from the working directory; it is made where there is none
   */
  public static directory(path: string): ManifestTarget {
    literal(path, 'directory of manifests', 'it is written at synth; pass a literal string');
    if (path.trim() === '' || path.includes('\0')) {
      throw new Error(`directory '${path}' is not valid: give a path such as 'manifests'`);
    }
    return new ManifestTarget(new DirectoryWriter(path));
  }

  private constructor(
    /** @internal */
    public readonly _writer: ManifestWriter,
  ) {}
}
