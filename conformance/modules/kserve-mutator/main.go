// Writes the pods that KServe makes of InferenceServices: its own controller makes a Deployment of each, and its own webhook changes the pod.
//
//	usage: kserve-mutator <folder> < services.json > answers.json
//
// The folder holds what KServe ships: its ConfigMap `inferenceservice.yaml`, its ClusterStorageContainer `default.yaml`, and runtimes, `kserve-*.yaml`.
// It reads a list of {"service": InferenceService, "ociModelMode": "…"}, and answers a list of {"pod": Pod} or {"error": "…"} in its order.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/go-logr/logr"
	"github.com/kserve/kserve/pkg/apis/serving/v1alpha1"
	"github.com/kserve/kserve/pkg/apis/serving/v1beta1"
	"github.com/kserve/kserve/pkg/constants"
	"github.com/kserve/kserve/pkg/controller/v1beta1/inferenceservice/components"
	"github.com/kserve/kserve/pkg/webhook/admission/pod"
	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kubernetesfake "k8s.io/client-go/kubernetes/fake"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
	"sigs.k8s.io/yaml"
)

type asked struct {
	Service      json.RawMessage `json:"service"`
	OciModelMode string          `json:"ociModelMode"`
}

type answer struct {
	Pod   json.RawMessage `json:"pod,omitempty"`
	Error string          `json:"error,omitempty"`
}

func main() {
	log.SetLogger(logr.Discard())
	var services []asked
	check(json.NewDecoder(os.Stdin).Decode(&services))
	answers := []answer{}
	for _, each := range services {
		made, err := podOf(os.Args[1], each)
		if err != nil {
			answers = append(answers, answer{Error: err.Error()})
		} else {
			answers = append(answers, answer{Pod: made})
		}
	}
	check(json.NewEncoder(os.Stdout).Encode(answers))
}

func podOf(folder string, each asked) (json.RawMessage, error) {
	ctx := context.Background()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme, v1beta1.AddToScheme} {
		check(add(scheme))
	}
	configuration := &corev1.ConfigMap{}
	read(filepath.Join(folder, "inferenceservice.yaml"), configuration)
	configuration.Namespace = constants.KServeNamespace
	if each.OciModelMode != "" {
		initializer := map[string]any{}
		check(json.Unmarshal([]byte(configuration.Data["storageInitializer"]), &initializer))
		initializer["ociModelMode"] = each.OciModelMode
		text, err := json.Marshal(initializer)
		check(err)
		configuration.Data["storageInitializer"] = string(text)
	}
	container := &v1alpha1.ClusterStorageContainer{}
	read(filepath.Join(folder, "default.yaml"), container)

	service := &v1beta1.InferenceService{}
	check(yaml.UnmarshalStrict(each.Service, service))
	account := &corev1.ServiceAccount{}
	account.Namespace, account.Name = service.Namespace, "default"
	if name := service.Spec.Predictor.ServiceAccountName; name != "" {
		account.Name = name
	}
	objects := []client.Object{configuration.DeepCopy(), container, account.DeepCopy()}
	runtimes, err := filepath.Glob(filepath.Join(folder, "kserve-*.yaml"))
	check(err)
	for _, file := range runtimes {
		servingRuntime := &v1alpha1.ClusterServingRuntime{}
		read(file, servingRuntime)
		objects = append(objects, servingRuntime)
	}
	plain := kubernetesfake.NewSimpleClientset(configuration.DeepCopy(), account.DeepCopy())

	settings, err := v1beta1.NewInferenceServicesConfig(configuration)
	if err != nil {
		return nil, err
	}
	deploy, err := v1beta1.NewDeployConfig(configuration)
	if err != nil {
		return nil, err
	}
	security, err := v1beta1.NewSecurityConfig(configuration)
	if err != nil {
		return nil, err
	}
	service.DefaultInferenceService(settings, deploy, security, nil, nil)
	if _, err := (&v1beta1.InferenceServiceValidator{}).ValidateCreate(ctx, service); err != nil {
		return nil, fmt.Errorf("the webhook refuses it: %w", err)
	}

	fakes := fake.NewClientBuilder().WithScheme(scheme).WithObjects(append(objects, service)...).Build()
	predictor := components.NewPredictor(fakes, plain, scheme, settings, constants.Standard)
	if _, err := predictor.Reconcile(ctx, service); err != nil {
		return nil, fmt.Errorf("the controller refuses it: %w", err)
	}
	deployments := &appsv1.DeploymentList{}
	check(fakes.List(ctx, deployments))
	if len(deployments.Items) != 1 {
		return nil, fmt.Errorf("the controller made %d Deployments", len(deployments.Items))
	}
	template := deployments.Items[0].Spec.Template
	made := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	made.APIVersion, made.Kind = "v1", "Pod"
	made.Name, made.Namespace = service.Name, service.Namespace
	raw, err := json.Marshal(made)
	check(err)

	mutator := &pod.Mutator{Client: fakes, Clientset: plain, Decoder: admission.NewDecoder(scheme)}
	response := mutator.Handle(ctx, admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
		Namespace: service.Namespace, Operation: admissionv1.Create, Object: runtime.RawExtension{Raw: raw}}})
	if !response.Allowed {
		return nil, fmt.Errorf("the webhook of pods refuses it: %s", response.Result.Message)
	}
	patches, err := json.Marshal(response.Patches)
	check(err)
	patch, err := jsonpatch.DecodePatch(patches)
	check(err)
	return patch.Apply(raw)
}

func read(file string, object any) {
	text, err := os.ReadFile(file)
	check(err)
	check(yaml.Unmarshal(text, object))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
