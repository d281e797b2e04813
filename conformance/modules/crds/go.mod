module example.invalid/crds

go 1.25.0

require (
	github.com/aws/karpenter-provider-aws v1.14.1
	github.com/kserve/kserve v0.20.0
	github.com/prometheus-operator/prometheus-operator v0.85.0
	sigs.k8s.io/gateway-api v1.5.1
	sigs.k8s.io/lws v0.8.0
)
