import { Mutant } from './mutant';

const TEST = 'test/workload/fragments.test.ts';

export const FRAGMENT_MUTANTS: Mutant[] = [
  {
    what: 'a patch takes the place of what containers ask for',
    file: 'lib/workload/model-fragment.ts',
    replace: '({ resources, ...container }: any) => container',
    by: '(container: any) => container',
    test: TEST,
    only: 'says nothing else',
  },
  {
    what: 'a component of a custom resource, whose containers Kustomize would replace',
    file: 'lib/workload/kustomize-component.ts',
    replace: 'if (!Object.keys(API_VERSIONS).includes(kind)) {',
    by: 'if (kind === \'\') {',
    test: TEST,
    only: 'refuses a custom resource',
  },
  {
    what: 'Kustomize starts a download before the sidecars',
    file: 'lib/workload/kustomize-component.ts',
    replace: 'last === undefined ? undefined : InitContainerPosition.after(last)',
    by: 'InitContainerPosition.first()',
    test: TEST,
    only: 'come first',
  },
  {
    what: 'a fragment whose models the identity may not read',
    file: 'lib/workload/model-fragment.ts',
    replace: 'delivery.strategy.refusal(model, this.facts) ?? []',
    by: '[]',
    test: TEST,
    only: 'may not read',
  },
  {
    what: 'values without the init container',
    file: 'lib/workload/helm-values.ts',
    replace: 'if (key === \'\' && what in NEEDED) throw',
    by: 'if (key === \'\' && what === \'\') throw',
    test: TEST,
    only: 'what pods must have',
  },
  {
    what: 'a value takes the place of one around it',
    file: 'lib/workload/helm-values.ts',
    replace: 'index >= path.length || part === path[index]',
    by: 'part === path[index]',
    test: TEST,
    only: 'a key around another',
  },
  {
    what: 'a chart writes the service account that is in the manifests',
    file: 'lib/workload/helm-values.ts',
    replace: 'identity.serviceAccountExists ? undefined : false',
    by: 'undefined',
    test: TEST,
    only: 'the usual keys',
  },
];
