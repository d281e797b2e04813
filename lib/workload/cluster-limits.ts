import { Stack } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import type { RenderedFile } from './rendered-manifests';

/** A template in a bucket: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const MAX_TEMPLATE = 1_000_000;

/**
 * CloudFormation invokes the provider asynchronously, with at most 1 MB, and an update sends the old objects beside the new ones:
 * https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
const MAX_FILE = 490_000;

/**
 * kubectl keeps what it applied in an annotation, and the annotations of an object have 256 KiB together:
 * https://pkg.go.dev/k8s.io/apimachinery/pkg/api/validation#TotalAnnotationSizeLimitB
 */
const MAX_OBJECT = 262_144;

const DIRECTORY = 'write the manifests to a directory, ManifestTarget.directory(path), which has no such limit';

/**
 * What is too large to be applied by a deployment, and would fail there late.
 * @internal
 */
export function sizeErrors(hook: IConstruct, files: RenderedFile[]): string[] {
  const stack = Stack.of(hook);
  const bytesOf = (objects: unknown) => Buffer.byteLength(JSON.stringify(stack.resolve(stack.toJsonString(objects))));
  const errors: string[] = [];
  let total = 0;
  for (const { name, documents } of files) {
    for (const document of documents) {
      const bytes = Buffer.byteLength(JSON.stringify(document));
      if (bytes > MAX_OBJECT) errors.push(`${document.kind} ${document.metadata?.name} has ${bytes} bytes, and kubectl applies at most ${MAX_OBJECT}: make it smaller`);
    }
    const bytes = bytesOf(documents);
    if (bytes > MAX_FILE) errors.push(`${name} has ${bytes} bytes, and a deployment applies at most ${MAX_FILE} at once: divide its chart, or ${DIRECTORY}`);
    total += bytes;
  }
  const template = total > MAX_TEMPLATE / 2 ? templateBytes(stack) : total;
  if (template > MAX_TEMPLATE) {
    errors.push(`the template of stack ${stack.stackName} has ${template} bytes, ${total} of them manifests, and CloudFormation takes ${MAX_TEMPLATE}: `
      + `divide the manifests among several stacks, each with a ModelManifests of its own, or ${DIRECTORY}`);
  }
  return errors;
}

/** As CDK will write it. */
function templateBytes(stack: Stack): number {
  return Buffer.byteLength(JSON.stringify(stack.resolve((stack as any)._toCloudFormation()), undefined, 1));
}
