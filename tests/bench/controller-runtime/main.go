// A minimal operator on controller-runtime for the same ChatDeployments, to compare with. It works as the documentation of
// controller-runtime shows: informers for everything it owns, CreateOrUpdate for children, a status update on change.
// It supports only external Kafka and PostgreSQL, and handles no failure.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

type chatSpec struct {
	Image    string `json:"image"`
	Replicas int32  `json:"replicas"`
	Kafka    struct {
		External struct {
			BootstrapServers []string `json:"bootstrapServers"`
		} `json:"external"`
	} `json:"kafka"`
	Postgres struct {
		External struct {
			URLSecret struct {
				Name string `json:"name"`
			} `json:"urlSecret"`
		} `json:"external"`
	} `json:"postgres"`
	Topics struct {
		Partitions        int32 `json:"partitions"`
		ReplicationFactor int16 `json:"replicationFactor"`
	} `json:"topics"`
}

type chatStatus struct {
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
	Replicas           int32              `json:"replicas"`
	ReadyReplicas      int32              `json:"readyReplicas"`
	Image              string             `json:"image,omitempty"`
}

// ChatDeployment is the part of the resource that this operator knows.
type ChatDeployment struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              chatSpec   `json:"spec"`
	Status            chatStatus `json:"status,omitempty"`
}

// DeepCopyObject is what a code generator would write.
func (c *ChatDeployment) DeepCopyObject() runtime.Object {
	out := *c
	c.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Spec.Kafka.External.BootstrapServers = append([]string(nil), c.Spec.Kafka.External.BootstrapServers...)
	out.Status.Conditions = append([]metav1.Condition(nil), c.Status.Conditions...)
	return &out
}

// ChatDeploymentList is a list of ChatDeployments.
type ChatDeploymentList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ChatDeployment `json:"items"`
}

// DeepCopyObject is what a code generator would write.
func (l *ChatDeploymentList) DeepCopyObject() runtime.Object {
	out := *l
	out.Items = make([]ChatDeployment, len(l.Items))
	for i := range l.Items {
		out.Items[i] = *l.Items[i].DeepCopyObject().(*ChatDeployment)
	}
	return &out
}

type reconciler struct {
	client.Client
	reader client.Reader // uncached, because Confab does not cache Secrets either
	kafka  *kadm.Client
}

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	chat := &ChatDeployment{}
	if err := r.Get(ctx, request.NamespacedName, chat); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if chat.DeletionTimestamp != nil {
		return ctrl.Result{}, nil
	}
	if !meta.IsStatusConditionTrue(chat.Status.Conditions, "TopicsReady") {
		if err := r.topics(ctx, chat); err != nil {
			return ctrl.Result{}, err
		}
	}
	database := &corev1.Secret{}
	if err := r.reader.Get(ctx, client.ObjectKey{Namespace: chat.Namespace, Name: chat.Spec.Postgres.External.URLSecret.Name}, database); err != nil {
		return ctrl.Result{}, err
	}
	if err := r.basics(ctx, chat); err != nil {
		return ctrl.Result{}, err
	}
	migrated, err := r.migration(ctx, chat)
	if err != nil {
		return ctrl.Result{}, err
	}
	deployment := &appsv1.Deployment{}
	if migrated {
		if deployment, err = r.deployment(ctx, chat, database.ResourceVersion); err != nil {
			return ctrl.Result{}, err
		}
	}
	return ctrl.Result{}, r.status(ctx, chat, migrated, deployment)
}

func (r *reconciler) topics(ctx context.Context, chat *ChatDeployment) error {
	names := []string{}
	for _, role := range []string{"events", "signals"} {
		names = append(names, chat.Namespace+"."+chat.Name+"."+role)
	}
	results, err := r.kafka.CreateTopics(ctx, chat.Spec.Topics.Partitions, chat.Spec.Topics.ReplicationFactor, nil, names...)
	if err != nil {
		return err
	}
	for _, result := range results {
		if result.Err != nil && !errors.Is(result.Err, kerr.TopicAlreadyExists) {
			return result.Err
		}
	}
	return nil
}

func labels(chat *ChatDeployment, component string) map[string]string {
	return map[string]string{
		"app.kubernetes.io/name": "confab", "app.kubernetes.io/instance": chat.Name,
		"app.kubernetes.io/component": component, "app.kubernetes.io/managed-by": "confab-operator",
	}
}

func named(chat *ChatDeployment, role string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: chat.Namespace, Name: chat.Name + "-" + role}
}

// put creates the child, or updates it if `set` changes it.
func (r *reconciler) put(ctx context.Context, chat *ChatDeployment, child client.Object, component string, set func()) error {
	_, err := controllerutil.CreateOrUpdate(ctx, r.Client, child, func() error {
		child.SetLabels(labels(chat, component))
		set()
		return controllerutil.SetControllerReference(chat, child, r.Scheme())
	})
	return err
}

func (r *reconciler) basics(ctx context.Context, chat *ChatDeployment) error {
	keys := &corev1.Secret{ObjectMeta: named(chat, "keys")}
	if err := r.reader.Get(ctx, client.ObjectKeyFromObject(keys), keys); client.IgnoreNotFound(err) != nil {
		return err
	} else if err != nil {
		keys = &corev1.Secret{ObjectMeta: named(chat, "keys"), Data: map[string][]byte{"setup-token": []byte(rand.Text())}}
		keys.Labels = labels(chat, "keys")
		if err := controllerutil.SetControllerReference(chat, keys, r.Scheme()); err != nil {
			return err
		}
		if err := r.Create(ctx, keys); err != nil {
			return err
		}
	}
	account := &corev1.ServiceAccount{ObjectMeta: named(chat, "app")}
	if err := r.put(ctx, chat, account, "app", func() { account.AutomountServiceAccountToken = new(bool) }); err != nil {
		return err
	}
	service := &corev1.Service{ObjectMeta: named(chat, "app")}
	if err := r.put(ctx, chat, service, "app", func() {
		service.Spec.Selector = labels(chat, "app")
		if len(service.Spec.Ports) == 0 {
			service.Spec.Ports = []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromString("http"), Protocol: corev1.ProtocolTCP}}
		}
	}); err != nil {
		return err
	}
	budget := &policyv1.PodDisruptionBudget{ObjectMeta: named(chat, "app")}
	return r.put(ctx, chat, budget, "app", func() {
		one := intstr.FromInt32(1)
		budget.Spec.MaxUnavailable = &one
		budget.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels(chat, "app")}
	})
}

func container(chat *ChatDeployment, name, command string) corev1.Container {
	env := []corev1.EnvVar{{Name: "CONFAB_DATABASE_URL", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: chat.Spec.Postgres.External.URLSecret.Name}, Key: "url"}}},
		{Name: "CONFAB_KAFKA_BOOTSTRAP_SERVERS", Value: strings.Join(chat.Spec.Kafka.External.BootstrapServers, ",")}}
	return corev1.Container{Name: name, Image: chat.Spec.Image, Args: []string{command}, Env: env}
}

// migration creates the Job and reports whether the Job of this image is done.
func (r *reconciler) migration(ctx context.Context, chat *ChatDeployment) (bool, error) {
	job := &batchv1.Job{ObjectMeta: named(chat, "migrate")}
	err := r.Get(ctx, client.ObjectKeyFromObject(job), job)
	if client.IgnoreNotFound(err) != nil {
		return false, err
	}
	if err != nil {
		job = &batchv1.Job{ObjectMeta: named(chat, "migrate")}
		job.Labels = labels(chat, "migrate")
		job.Spec.BackoffLimit = new(int32)
		job.Spec.Template = corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels(chat, "migrate")},
			Spec: corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{container(chat, "migrate", "migrate")},
				ServiceAccountName: chat.Name + "-app"}}
		if err := controllerutil.SetControllerReference(chat, job, r.Scheme()); err != nil {
			return false, err
		}
		return false, r.Create(ctx, job)
	}
	for _, condition := range job.Status.Conditions {
		if condition.Type == batchv1.JobComplete && condition.Status == corev1.ConditionTrue {
			return true, nil
		}
	}
	return false, nil
}

func (r *reconciler) deployment(ctx context.Context, chat *ChatDeployment, secret string) (*appsv1.Deployment, error) {
	deployment := &appsv1.Deployment{ObjectMeta: named(chat, "app")}
	err := r.put(ctx, chat, deployment, "app", func() {
		deployment.Spec.Replicas = &chat.Spec.Replicas
		deployment.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels(chat, "app")}
		deployment.Spec.Template.Labels = labels(chat, "app")
		deployment.Spec.Template.Annotations = map[string]string{"confab.dev/secrets": secret}
		deployment.Spec.Template.Spec.ServiceAccountName = chat.Name + "-app"
		if len(deployment.Spec.Template.Spec.Containers) == 0 {
			serve := container(chat, "chat-app", "serve")
			serve.Ports = []corev1.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolTCP}}
			deployment.Spec.Template.Spec.Containers = []corev1.Container{serve}
		}
		deployment.Spec.Template.Spec.Containers[0].Image = chat.Spec.Image
	})
	return deployment, err
}

func (r *reconciler) status(ctx context.Context, chat *ChatDeployment, migrated bool, deployment *appsv1.Deployment) error {
	before := chat.DeepCopyObject().(*ChatDeployment)
	set := func(kind string, yes bool, reason string) {
		status := metav1.ConditionFalse
		if yes {
			status = metav1.ConditionTrue
		}
		meta.SetStatusCondition(&chat.Status.Conditions, metav1.Condition{Type: kind, Status: status, Reason: reason,
			Message: reason, ObservedGeneration: chat.Generation})
	}
	rolledOut := migrated && deployment.Status.ObservedGeneration >= deployment.Generation && deployment.Status.AvailableReplicas == chat.Spec.Replicas
	set("Accepted", true, "Valid")
	set("TopicsReady", true, "TopicsReady")
	set("SchemaReady", migrated, "Migrated")
	set("Available", rolledOut, "Serving")
	set("Ready", rolledOut, "UpToDate")
	chat.Status.ObservedGeneration = chat.Generation
	chat.Status.Replicas = deployment.Status.Replicas
	chat.Status.ReadyReplicas = deployment.Status.ReadyReplicas
	chat.Status.Image = chat.Spec.Image
	if equality.Semantic.DeepEqual(before.Status, chat.Status) {
		return nil
	}
	return r.Status().Patch(ctx, chat, client.MergeFrom(before))
}

func main() {
	namespace := flag.String("namespace", "", "the namespace to reconcile")
	kafka := flag.String("kafka", "", "a broker, host:port")
	flag.Parse()
	if err := run(*namespace, *kafka); err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
}

func run(namespace, kafka string) error {
	ctrl.SetLogger(zap.New())
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return err
	}
	group := schema.GroupVersion{Group: "confab.dev", Version: "v1beta1"}
	scheme.AddKnownTypes(group, &ChatDeployment{}, &ChatDeploymentList{})
	metav1.AddToGroupVersion(scheme, group)
	rest, err := config.GetConfig()
	if err != nil {
		return err
	}
	rest.QPS = -1 // no client-side limit
	manager, err := ctrl.NewManager(rest, ctrl.Options{
		Scheme:  scheme,
		Metrics: metricsserver.Options{BindAddress: "0"},
		Cache:   cache.Options{DefaultNamespaces: map[string]cache.Config{namespace: {}}},
	})
	if err != nil {
		return err
	}
	broker, err := kgo.NewClient(kgo.SeedBrokers(kafka))
	if err != nil {
		return err
	}
	it := &reconciler{Client: manager.GetClient(), reader: manager.GetAPIReader(), kafka: kadm.NewClient(broker)}
	err = ctrl.NewControllerManagedBy(manager).For(&ChatDeployment{}).
		Owns(&appsv1.Deployment{}).Owns(&batchv1.Job{}).Owns(&corev1.Service{}).Owns(&corev1.ServiceAccount{}).Owns(&policyv1.PodDisruptionBudget{}).
		WithOptions(controller.Options{MaxConcurrentReconciles: 16}).Complete(it)
	if err != nil {
		return err
	}
	return manager.Start(ctrl.SetupSignalHandler())
}
