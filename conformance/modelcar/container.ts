import { ChildProcess, spawn } from 'node:child_process';

/** As whom a process runs. */
export interface Who {
  readonly user: number;
  readonly group: number;
  /** Groups beside its own. @default - none */
  readonly groups?: number[];
  /** Whether it has all capabilities, as far as its user has any. @default false */
  readonly capable?: boolean;
}

/** A process with the root file system and the rights of a container. */
export class Container {
  readonly child: ChildProcess;
  readonly ended: Promise<number>;
  private output = '';

  /**
   * @param root file system
   * @param who it is
   * @param command as a manifest has it, which Kubernetes expands first unless it is of a hook
   */
  constructor(root: string, who: Who, command: string[], { expand = true }: { expand?: boolean } = {}) {
    const argv = expand ? command.map(expanded) : command;
    this.child = spawn('chroot', [root, 'setpriv', ...rights(who), ...argv], { cwd: '/', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout!, this.child.stderr!]) stream.on('data', chunk => { this.output += chunk; });
    this.ended = new Promise((resolve, reject) => this.child.on('error', reject).on('close', code => resolve(code ?? -1)));
  }

  /** What it printed. */
  get said(): string {
    return this.output;
  }

  async stop(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

/** https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/ */
function expanded(text: string): string {
  return text.replace(/\$\$|\$\([^)]*\)/g, found => found === '$$' ? '$' : found);
}

function rights({ user, group, groups = [], capable = false }: Who): string[] {
  return [
    '--reuid', String(user), '--regid', String(group), ...groups.length > 0 ? ['--groups', groups.join(',')] : ['--clear-groups'],
    ...capable ? [] : ['--inh-caps=-all', '--bounding-set=-all'], '--no-new-privs', '--',
  ];
}

/** Whom a container of a manifest is. */
export function whoOf({ securityContext }: any): Who {
  return { user: securityContext.runAsUser, group: securityContext.runAsGroup, capable: !securityContext.capabilities?.drop?.includes('ALL') };
}
