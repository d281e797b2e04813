import { imageReference } from './images';
import { checkImage } from '../private/kubernetes-names';
import { literal } from '../private/literal';

/** Options of a downloader. */
export interface DownloaderOptions {
  /**
   * Image to run, such as a mirror of the default one. It needs a shell, and the downloader of that name.
   *
   * @default - the published image, pinned by digest
   */
  readonly image?: string;
}

/** What fetches the objects. Whichever it is, the same program checks every byte. */
export class Downloader {
  /**
   * s5cmd: the fastest, in an image of some 12 MB, with 20 to 50 MB of memory. Its AWS SDK is past its end of support and knows no Pod Identity:
   * the program hands it the credentials.
   */
  public static s5cmd(options: DownloaderOptions = {}): Downloader {
    return new Downloader('s5cmd', options.image ?? imageReference('s5cmd'), '256Mi');
  }

  /**
   * AWS CLI v2, 2.17 or newer: maintained by AWS, an image of some 400 MB, about 400 MB of memory, and a process for every file, so slow where a
   * model has thousands of files.
   */
  public static awsCli(options: DownloaderOptions = {}): Downloader {
    return new Downloader('aws', options.image ?? imageReference('awsCli'), '1Gi');
  }

  private constructor(
    /** Which of the programs it runs: `s5cmd` or `aws`. */
    public readonly program: string,
    /** Image that it runs in. */
    public readonly image: string,
    /** Memory that it asks for, as Kubernetes spells it. */
    public readonly memoryRequest: string,
  ) {
    literal(image, 'image of the downloader', 'manifests mention it; pass a literal string');
    checkImage('image of the downloader', image);
  }
}
