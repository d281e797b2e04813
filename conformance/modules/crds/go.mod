module example.invalid/crds

go 1.25.0

require (
	github.com/aws/karpenter-provider-aws v1.14.1
	github.com/kserve/kserve v0.20.0
)
