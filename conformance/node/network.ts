import { succeed } from '../processes';

/** The node's own address, which pods reach. */
export const NODE_ADDRESS = '10.99.0.1';

/** Gives a new network namespace what a machine has: loopback, an address, a default route, and more addresses of loopback. */
export async function setUpNetwork(loopbackAddresses: string[] = []): Promise<void> {
  const ip = (command: string) => succeed('ip', command.split(' '));
  await ip('link set lo up');
  await ip('link add node0 type veth peer name node1');
  await ip(`addr add ${NODE_ADDRESS}/24 dev node0`);
  await ip('link set node1 up');
  await ip('link set node0 up');
  await ip('route add default dev node0'); // the kubelet finds its network by it
  for (const address of loopbackAddresses) await ip(`addr add ${address}/32 dev lo`);
}
