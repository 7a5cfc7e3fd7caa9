// Command manifest does with Kubernetes manifests what can be done without a cluster: it reads them strictly into the types of
// Kubernetes' API, so that a key that is unknown or given twice, or a value of the wrong kind, is an error; holds their Jobs to what the API server
// wants of them besides; and then runs the containers' commands here, one pod after the other, in a folder that stands for the root of
// their file system, as far as volumes are mounted there:
//
//	manifest DIR FILE...
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: manifest DIR FILE...")
		os.Exit(2)
	}
	c := &cluster{root: os.Args[1], claims: map[string]bool{}, maps: map[string]map[string]string{}}
	for _, file := range os.Args[2:] {
		if err := c.apply(file); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
			os.Exit(1)
		}
	}
}

// A cluster is what has been applied so far.
type cluster struct {
	root   string
	claims map[string]bool
	maps   map[string]map[string]string
}

func (c *cluster) apply(file string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for _, doc := range bytes.Split(b, []byte("\n---\n")) {
		if err := c.object(append(doc[:len(doc):len(doc)], '\n')); err != nil {
			return err
		}
	}
	return nil
}

func (c *cluster) object(doc []byte) error {
	var is meta.TypeMeta
	if err := yaml.Unmarshal(doc, &is); err != nil {
		return err
	}
	switch is.APIVersion + " " + is.Kind {
	case "v1 PersistentVolumeClaim":
		var o core.PersistentVolumeClaim
		err := yaml.UnmarshalStrict(doc, &o)
		c.claims[o.Name] = true
		return err
	case "v1 ConfigMap":
		var o core.ConfigMap
		err := yaml.UnmarshalStrict(doc, &o)
		c.maps[o.Name] = o.Data
		return err
	case "batch/v1 Job":
		var o batch.Job
		if err := yaml.UnmarshalStrict(doc, &o); err != nil {
			return err
		}
		return c.job(&o)
	}
	return fmt.Errorf("%s %s is none of the kinds that are checked", is.APIVersion, is.Kind)
}

// job wants what the API server wants of a Job (k8s.io/kubernetes/pkg/apis/batch/validation), as far as these use it, and runs its pods.
func (c *cluster) job(o *batch.Job) error {
	spec, pod := &o.Spec, &o.Spec.Template.Spec
	indexed := spec.CompletionMode != nil && *spec.CompletionMode == batch.IndexedCompletion
	switch {
	case o.Name == "" || len(pod.Containers) != 1 || pod.Containers[0].Name == "" || pod.Containers[0].Image == "":
		return errors.New("a Job wants a name, and these one container with a name and an image")
	case spec.CompletionMode != nil && !indexed && *spec.CompletionMode != batch.NonIndexedCompletion:
		return fmt.Errorf("%s is no completionMode", *spec.CompletionMode)
	case indexed && (spec.Completions == nil || *spec.Completions < 1):
		return errors.New("an indexed Job wants completions")
	case pod.RestartPolicy != core.RestartPolicyNever && (pod.RestartPolicy != core.RestartPolicyOnFailure || spec.BackoffLimitPerIndex != nil):
		return fmt.Errorf("restartPolicy %q is none for this Job", pod.RestartPolicy)
	case spec.BackoffLimitPerIndex != nil && !indexed:
		return errors.New("backoffLimitPerIndex is for indexed Jobs")
	}
	mounts, err := c.mount(pod)
	if err != nil {
		return err
	}
	if !indexed {
		return c.run(&pod.Containers[0], mounts)
	}
	for i := range *spec.Completions {
		if err := c.run(&pod.Containers[0], mounts, fmt.Sprintf("JOB_COMPLETION_INDEX=%d", i)); err != nil {
			return fmt.Errorf("index %d: %w", i, err)
		}
	}
	return nil
}

// mount makes folders for the volumes, and returns by path in the container where they are.
func (c *cluster) mount(pod *core.PodSpec) ([]string, error) {
	volumes := map[string]core.Volume{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = v
	}
	var pairs []string
	for _, m := range pod.Containers[0].VolumeMounts {
		v, there := volumes[m.Name]
		dir := filepath.Join(c.root, m.MountPath)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
		switch {
		case !there:
			return nil, fmt.Errorf("no volume is called %s", m.Name)
		case v.PersistentVolumeClaim != nil && c.claims[v.PersistentVolumeClaim.ClaimName]:
		case v.ConfigMap != nil && c.maps[v.ConfigMap.Name] != nil:
			for name, text := range c.maps[v.ConfigMap.Name] {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
					return nil, err
				}
			}
		default:
			return nil, fmt.Errorf("volume %s is neither of a claim nor of a map that was applied", m.Name)
		}
		pairs = append(pairs, m.MountPath+"/", dir+"/")
	}
	return pairs, nil
}

// run runs a container's command here, with the paths of volumes replaced by those of their folders.
func (c *cluster) run(o *core.Container, mounts []string, env ...string) error {
	here := strings.NewReplacer(mounts...)
	var words []string
	for _, w := range append(append([]string{}, o.Command...), o.Args...) {
		words = append(words, here.Replace(w))
	}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir = strings.TrimSuffix(here.Replace(o.WorkingDir+"/"), "/")
	cmd.Env = append(env, "PATH="+os.Getenv("PATH"))
	for _, v := range o.Env {
		cmd.Env = append(cmd.Env, v.Name+"="+v.Value)
	}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}
