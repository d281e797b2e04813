/** What the benchmark of downloads compares with; of it, `.ci/run` needs the AWS CLI alone. */
import { awsCli } from './aws-cli';
import { goTool } from './go';
import { pythonTool } from './python';

/** Of a suite that keeps one version only: when the next one is there, this one can't be had any more. */
export const AWS_CLI_NEWEST = awsCli('2.38.1-1', 'sid', 'aws-cli-newest');

export const RCLONE = goTool('rclone', { of: 'github.com/rclone/rclone', binaries: { rclone: 'github.com/rclone/rclone' } });

/** What KServe's storage initializer runs. */
export const KSERVE_STORAGE = pythonTool('kserve-storage', 'kserve-storage');
