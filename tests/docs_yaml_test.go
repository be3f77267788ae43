package tests

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// A reader for as much of YAML as the examples need: mappings and sequences by
// indentation and in braces, plain and quoted scalars, texts behind "|",
// comments, several documents. What it does not know it refuses.

type yamlReader struct {
	lines []yamlLine
	at    int
}

type yamlLine struct {
	number, indent int
	text           string // without indentation and comment
	raw            string
}

// readYAML returns the documents of a text: map[string]any, []any or string.
func readYAML(text string) (documents []any, err error) {
	r := &yamlReader{}
	for i, raw := range strings.Split(text, "\n") {
		if strings.Contains(raw, "\t") && strings.TrimLeft(raw, " \t")[0] != '#' {
			return nil, fmt.Errorf("line %d: a tab", i+1)
		}
		line := yamlLine{number: i + 1, raw: raw, text: strings.TrimSpace(uncomment(raw))}
		line.indent = len(raw) - len(strings.TrimLeft(raw, " "))
		r.lines = append(r.lines, line)
	}
	defer func() {
		if fault, ours := recover().(yamlFault); ours {
			documents, err = nil, errors.New(string(fault))
		}
	}()
	for {
		r.skip()
		if r.at == len(r.lines) {
			break
		}
		if r.lines[r.at].text == "---" {
			r.at++
			continue
		}
		documents = append(documents, r.node(r.lines[r.at].indent))
		r.skip()
		if r.at < len(r.lines) && r.lines[r.at].text != "---" {
			r.fail("this is indented less than what it belongs to")
		}
	}
	if len(documents) == 0 {
		return nil, errors.New("nothing is in it")
	}
	return documents, nil
}

type yamlFault string

func (r *yamlReader) fail(words string) {
	number := 0
	if r.at < len(r.lines) {
		number = r.lines[r.at].number
	}
	panic(yamlFault(fmt.Sprintf("line %d: %s", number, words)))
}

// uncomment cuts a comment off, unless it is within quotes.
func uncomment(line string) string {
	quote := byte(0)
	for i := range len(line) {
		switch c := line[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '#' && (i == 0 || line[i-1] == ' '):
			return line[:i]
		}
	}
	return line
}

func (r *yamlReader) skip() {
	for r.at < len(r.lines) && r.lines[r.at].text == "" {
		r.at++
	}
}

// here says whether there is one more line of this node.
func (r *yamlReader) here(indent int) bool {
	r.skip()
	if r.at == len(r.lines) || r.lines[r.at].text == "---" || r.lines[r.at].indent < indent {
		return false
	}
	if r.lines[r.at].indent > indent {
		r.fail("this is indented more than the line before allows")
	}
	return true
}

func (r *yamlReader) node(indent int) any {
	if strings.HasPrefix(r.lines[r.at].text, "- ") || r.lines[r.at].text == "-" {
		return r.sequence(indent)
	}
	return r.mapping(indent)
}

func (r *yamlReader) sequence(indent int) any {
	var items []any
	for r.here(indent) {
		line := &r.lines[r.at]
		rest, item := strings.CutPrefix(line.text, "- ")
		if !item {
			if line.indent == indent && !strings.HasPrefix(line.text, "-") {
				break // a sequence may stand as far left as the key that it belongs to
			}
			r.fail("no item of a list")
		}
		rest = strings.TrimLeft(rest, " ")
		if yamlKey.MatchString(rest) && !strings.HasPrefix(rest, "{") {
			// The rest of the line is the first of a mapping, which stands here.
			line.indent += len(line.text) - len(rest)
			line.text = rest
			items = append(items, r.mapping(line.indent))
			continue
		}
		r.at++
		items = append(items, r.flow(rest))
	}
	return items
}

var yamlKey = regexp.MustCompile(`^("[^"]*"|[A-Za-z0-9_./-]+):(?: +(.*))?$`)

func (r *yamlReader) mapping(indent int) any {
	all := map[string]any{}
	for r.here(indent) {
		line := r.lines[r.at]
		m := yamlKey.FindStringSubmatch(line.text)
		if m == nil {
			r.fail(fmt.Sprintf("%q is no key with a value", line.text))
		}
		key := strings.Trim(m[1], `"`)
		if _, twice := all[key]; twice {
			r.fail(fmt.Sprintf("%q is there twice", key))
		}
		r.at++
		switch {
		case m[2] == "|" || m[2] == "|-":
			all[key] = r.text(indent)
		case m[2] != "":
			all[key] = r.flow(m[2])
		default:
			r.skip()
			all[key] = ""
			if r.at < len(r.lines) {
				next := r.lines[r.at]
				if next.text != "---" && (next.indent > indent || next.indent == indent && strings.HasPrefix(next.text, "- ")) {
					all[key] = r.node(next.indent)
				}
			}
		}
	}
	return all
}

// text is what stands behind "|".
func (r *yamlReader) text(indent int) string {
	var b strings.Builder
	left := -1
	for ; r.at < len(r.lines); r.at++ {
		line := r.lines[r.at]
		if strings.TrimSpace(line.raw) == "" {
			b.WriteString("\n")
			continue
		}
		if line.indent <= indent {
			break
		}
		if left < 0 {
			left = line.indent
		}
		if line.indent < left {
			r.fail("this is indented less than the text that it belongs to")
		}
		b.WriteString(line.raw[left:] + "\n")
	}
	return b.String()
}

// flow is a value on one line.
func (r *yamlReader) flow(text string) any {
	value, rest := r.flowValue(text, "")
	if strings.TrimSpace(rest) != "" {
		r.fail(fmt.Sprintf("%q stands behind a value", rest))
	}
	return value
}

func (r *yamlReader) flowValue(text, ends string) (value any, rest string) {
	text = strings.TrimLeft(text, " ")
	switch {
	case strings.HasPrefix(text, "{"):
		all := map[string]any{}
		for text = strings.TrimLeft(text[1:], " "); !strings.HasPrefix(text, "}"); {
			key, behind, found := strings.Cut(text, ":")
			key = strings.Trim(strings.TrimSpace(key), `"`)
			if _, twice := all[key]; !found || key == "" || twice || strings.ContainsAny(key, "{}[],") {
				r.fail(fmt.Sprintf("%q is no key, or is there twice", key))
			}
			all[key], text = r.flowValue(behind, ",}")
			text = strings.TrimLeft(strings.TrimPrefix(text, ","), " ")
		}
		return all, text[1:]
	case strings.HasPrefix(text, "["):
		items := []any{}
		for text = strings.TrimLeft(text[1:], " "); !strings.HasPrefix(text, "]"); {
			var item any
			item, text = r.flowValue(text, ",]")
			items = append(items, item)
			text = strings.TrimLeft(strings.TrimPrefix(text, ","), " ")
		}
		return items, text[1:]
	case strings.HasPrefix(text, `"`), strings.HasPrefix(text, "'"):
		end := strings.IndexByte(text[1:], text[0])
		if end < 0 {
			r.fail("a quote has no end")
		}
		return text[1 : end+1], strings.TrimLeft(text[end+2:], " ")
	}
	end := len(text)
	if ends != "" {
		if end = strings.IndexAny(text, ends); end < 0 {
			r.fail("a brace has no end")
		}
	} else if strings.Contains(text, ": ") {
		r.fail(fmt.Sprintf("%q: a value with a colon needs quotes", text))
	}
	return strings.TrimSpace(text[:end]), text[end:]
}

// manifestWords are the keys that the examples may have, wherever; "*" stands
// behind those under which names are the user's own. Kubernetes ignores, or with
// strict validation refuses, what it does not know; a misspelt key is the
// commonest mistake of a manifest.
var manifestWords = words(`
	apiVersion kind metadata name namespace labels* annotations* spec data* binaryData*
	replicas selector matchLabels* template strategy rollingUpdate maxSurge maxUnavailable type minReadySeconds
	backoffLimit completions parallelism activeDeadlineSeconds ttlSecondsAfterFinished restartPolicy podFailurePolicy rules action onExitCodes exitCodes restartPolicyRules containerName operator values
	schedule jobTemplate concurrencyPolicy
	terminationGracePeriodSeconds shareProcessNamespace securityContext runAsUser runAsGroup runAsNonRoot fsGroup readOnlyRootFilesystem
	allowPrivilegeEscalation capabilities drop add seccompProfile
	initContainers containers image imagePullPolicy command args workingDir env value valueFrom fieldRef fieldPath configMapKeyRef secretKeyRef key envFrom
	ports containerPort hostPort port targetPort protocol volumeMounts mountPath subPath readOnly volumes configMap items path emptyDir medium sizeLimit secret secretName persistentVolumeClaim claimName
	resources requests* limits* lifecycle preStop postStart sleep seconds stopSignal exec httpGet tcpSocket scheme
	readinessProbe livenessProbe startupProbe periodSeconds timeoutSeconds failureThreshold successThreshold initialDelaySeconds
	terminationMessagePath terminationMessagePolicy topologySpreadConstraints
	services* build context dockerfile stop_grace_period stop_signal init healthcheck test interval timeout retries start_period depends_on* condition restart
	networks network_mode read_only tmpfs cap_drop security_opt user shm_size environment pid
`)

func words(text string) map[string]bool {
	all := map[string]bool{}
	for _, word := range strings.Fields(text) {
		name, open := strings.CutSuffix(word, "*")
		all[name] = open
	}
	return all
}

// checkManifest says what is wrong with a manifest, or a part of one.
func checkManifest(node any) (problems []string) {
	switch node := node.(type) {
	case []any:
		for _, item := range node {
			problems = append(problems, checkManifest(item)...)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(node)) {
			open, known := manifestWords[key]
			switch value := node[key]; {
			case !known:
				problems = append(problems, fmt.Sprintf("%q is no key that we know; if it is right, add it to manifestWords", key))
			case key == "volumes" || key == "networks": // names are the user's own in compose files
				if list, is := value.([]any); is {
					problems = append(problems, checkManifest(list)...)
				}
			case open:
				if names, is := value.(map[string]any); is {
					for _, name := range slices.Sorted(maps.Keys(names)) {
						problems = append(problems, checkManifest(names[name])...)
					}
				}
			default:
				problems = append(problems, checkManifest(value)...)
			}
		}
		problems = append(problems, checkGrace(node)...)
	}
	return problems
}

// checkGrace: what SEXTON_GRACE says, and the grace of a file in the manifest, is
// less than what the pod gives.
func checkGrace(node map[string]any) (problems []string) {
	given, err := time.ParseDuration(fmt.Sprint(node["terminationGracePeriodSeconds"], "s"))
	if err != nil {
		return nil
	}
	containers, _ := node["containers"].([]any)
	for _, c := range containers {
		env, _ := c.(map[string]any)["env"].([]any)
		for _, e := range env {
			entry, _ := e.(map[string]any)
			if entry["name"] != "SEXTON_GRACE" {
				continue
			}
			if grace, err := time.ParseDuration(fmt.Sprint(entry["value"])); err != nil || grace >= given {
				problems = append(problems, fmt.Sprintf("SEXTON_GRACE is %v, and the pod gives %v: %v", entry["value"], given, err))
			}
		}
	}
	return problems
}

// filesIn returns the texts of files of ours in a ConfigMap.
func filesIn(node any) (files []string) {
	all, _ := node.(map[string]any)
	data, _ := all["data"].(map[string]any)
	for name, text := range data {
		if strings.HasSuffix(name, ".toml") {
			files = append(files, fmt.Sprint(text))
		}
	}
	return files
}

// The reader must see a mistake, or the tests above prove nothing.
func TestYAMLReaderRefusesMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"a: 1\n  b: 2\n":                  "indented more",
		"a:\n    b: 2\n  c: 3\n":          "indented",
		"a: 1\na: 2\n":                    "twice",
		"a: {b: 1\n":                      "brace",
		"a: [b, c\n":                      "brace",
		"a: \"b\n":                        "quote",
		"a: b: c\n":                       "colon",
		"a:\n\t- b\n":                     "tab",
		"a\n":                             "no key",
		"- a\nb: c\n":                     "",
		"":                                "nothing",
		"a: |\n    text\n  less\nb: 1\n":  "less",
		"readinessprobe: {}\n":            "no key that we know",
		"spec: { containers: [{nam: a}]}": "no key that we know",
		"terminationGracePeriodSeconds: 30\ncontainers:\n  - name: a\n    env: [{ name: SEXTON_GRACE, value: 30s }]\n": "SEXTON_GRACE is 30s",
	} {
		documents, err := readYAML(text)
		said := fmt.Sprint(err)
		if err == nil {
			said = fmt.Sprint(checkManifest(documents[0]))
			if said == "[]" {
				t.Errorf("%q was taken: %v", text, documents)
			}
		}
		if !strings.Contains(said, want) {
			t.Errorf("%q: %q, want %q", text, said, want)
		}
	}
	documents, err := readYAML("# x\na: 1 # one\nlist:\n- b: {c: [d, \"e f\"], g: 'h: i'}\n  j: 2\n-   k\ndata:\n  f.toml: |\n    x = 1\n\n      # y\n    z\nlast: 3\n---\nb: 2\n")
	if got, want := fmt.Sprint(documents, err), "[map[a:1 data:map[f.toml:x = 1\n\n  # y\nz\n] last:3 list:[map[b:map[c:[d e f] g:h: i] j:2] k]] map[b:2]] <nil>"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
