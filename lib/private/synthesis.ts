import { attachCustomSynthesis, Stack } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

/**
 * Writes files beside the templates, once the whole app is found valid. What `write` throws is a bare stack trace, so everything that can be
 * wrong is found before.
 *
 * @param hook a construct that is neither a stack nor takes this twice
 * @param write gets the folder of the cloud assembly
 * @internal
 */
export function onSynthesis(hook: IConstruct, write: (assembly: string) => void): void {
  attachCustomSynthesis(hook, {
    onSynthesize: session => {
      if (!lacksContext(hook)) write(session.outdir);
    },
  });
}

/**
 * While a value is to be looked up in an account, the CDK goes on with a dummy, which is no token and would pass for a name.
 * @internal
 */
export function lacksContext(hook: IConstruct): boolean {
  return hook.node.root.node.findAll().some(node => Stack.isStack(node) && ((node as any)._missingContext as unknown[] | undefined ?? []).length > 0);
}
