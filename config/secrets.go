package config

import (
	"fmt"
	"slices"
	"strings"

	"sexton/expand"
	"sexton/service"
)

// environmentRows are the keys of [service.NAME] for what makes up its environment besides env.
func environmentRows() []row[*service.Spec] {
	return []row[*service.Spec]{
		{name: "env_files", expects: "a list of files", example: `env_files = ["/run/config/web.env"]`, others: "env_file environment_file dotenv",
			read: readEnvFiles},
		{name: "secrets", expects: "a table of files", example: `secrets = { DB_PASSWORD = "/run/secrets/db" }`, others: "load_credential",
			read: readSecrets},
		{name: "secret_names", expects: "a list of variables", example: `secret_names = ["DB_PASSWORD"]`, others: "file_env", read: readSecretNames},
		{name: "clear_env", expects: "true or false", example: "clear_env = true",
			read: func(r *reader, v *value, s *service.Spec) { r.boolean(v, &s.ClearEnv) }},
	}
}

// readEnvFiles reads a list whose items are paths or tables.
func readEnvFiles(r *reader, v *value, s *service.Spec) {
	if path, ok := v.data.(string); ok {
		r.wrong(v, "expected a list of files but found a string", fmt.Sprintf("write env_files = [%s]", tomlString(path)))
		return
	}
	if _, ok := v.data.(map[string]any); ok {
		r.wrong(v, "expected a list of files but found a table", "put brackets around it: env_files = [{ ... }]")
		return
	}
	if _, tables := v.data.([]map[string]any); !tables {
		if _, list := v.data.([]any); !list {
			r.wrongType(v)
			return
		}
	}
	for _, item := range v.items {
		var f service.EnvFile
		item.expects, item.example = "an absolute path", v.example
		if _, ok := item.data.(map[string]any); !ok {
			if r.path(item, &f.Path) {
				s.EnvFiles = append(s.EnvFiles, f)
			}
			continue
		}
		meant := walk(r, item, envFileRows(), &f)
		if item.child("path") == nil && !slices.Contains(meant, "path") {
			r.wrong(item, "path is missing", `write { path = "/run/config/web.env" }`)
		}
		s.EnvFiles = append(s.EnvFiles, f)
	}
	s.Prepare = s.Prepare || len(s.EnvFiles) > 0
}

func envFileRows() []row[*service.EnvFile] {
	return []row[*service.EnvFile]{
		{name: "path", expects: "an absolute path", example: `path = "/run/config/web.env"`, others: "file name source",
			read: func(r *reader, v *value, f *service.EnvFile) { r.path(v, &f.Path) }},
		{name: "format", expects: "a word", example: `format = "raw"`, read: func(r *reader, v *value, f *service.EnvFile) {
			if i, ok := r.word(v, []string{"compose", "raw"}); ok {
				f.Raw = i == 1
			}
		}},
		{name: "required", expects: "true or false", example: "required = false", read: func(r *reader, v *value, f *service.EnvFile) {
			required := true
			r.boolean(v, &required)
			f.Optional = !required
		}},
	}
}

// readSecrets reads the table of variables whose values are the contents of files.
func readSecrets(r *reader, v *value, s *service.Spec) {
	for _, entry := range r.tables(v) {
		entry.expects, entry.example = "an absolute path", v.example
		secret := service.Secret{Name: entry.name}
		if r.variableName(entry) && r.path(entry, &secret.Path) {
			s.Secrets = append(s.Secrets, secret)
		}
	}
	s.Prepare = s.Prepare || len(s.Secrets) > 0
}

// variableName tells whether a key can be the name of a variable, and reports it if not.
func (r *reader) variableName(v *value) bool {
	if v.name == "" || strings.ContainsAny(v.name, "=\x00") {
		r.wrongKey(v, "the name of a variable cannot be empty or contain = or a NUL byte", "rename it")
		return false
	}
	return true
}

// fileSuffix is what the name of a variable ends with whose value is the path of a file with a secret.
const fileSuffix = "_FILE"

// readSecretNames reads the names of variables that may be given as files.
func readSecretNames(r *reader, v *value, s *service.Spec) {
	names, ok := r.texts(v)
	if !ok {
		return
	}
	for i, name := range names {
		item := v.items[i]
		if item.unknown {
			continue
		}
		switch bare, hasSuffix := strings.CutSuffix(name, fileSuffix); {
		case name == "*" && len(names) > 1:
			r.wrong(item, `"*" stands for every name`, `write secret_names = ["*"], or only the names`)
		case name == "*":
			s.SecretNames = append(s.SecretNames, name)
		case name == "" || strings.ContainsAny(name, "=\x00 \t"):
			r.wrong(item, fmt.Sprintf("%q cannot be the name of a variable", name), "write, for example, "+v.example)
		case hasSuffix:
			r.wrong(item, "this is the name of the variable with the path", fmt.Sprintf("write the name of the variable that gets the secret: %q", bare))
		default:
			s.SecretNames = append(s.SecretNames, name)
		}
	}
	s.Prepare = s.Prepare || len(s.SecretNames) > 0
}

// kept are the variables of ours that a service has with clear_env. The last ones are sexton's own.
func kept() []string {
	return []string{"PATH", "HOME", "USER", "LOGNAME", "SEXTON_CPUS", "SEXTON_MEMORY", "REPLICA", "REPLICA0", "REPLICAS"}
}

// ownEnvironment does what needs several of these keys.
func (r *reader) ownEnvironment(s *draftService) {
	for _, item := range s.items("secret_names") {
		if slices.ContainsFunc(s.spec.Secrets, func(secret service.Secret) bool { return secret.Name == item.data }) {
			r.wrong(item, fmt.Sprintf("%s is also one of secrets", item.data), "remove one of the two")
		}
	}
	if s.spec.ClearEnv {
		r.clearEnv(s)
	}
}

// clearEnv takes our own variables out of a service's environment. Its values may still name them.
func (r *reader) clearEnv(s *draftService) {
	stays := slices.Concat(kept(), r.environment.ours)
	if env := s.table.child("env"); env != nil {
		for _, entry := range env.entries {
			stays = append(stays, entry.name)
		}
	}
	s.spec.Below = s.spec.Env
	s.spec.Env = slices.DeleteFunc(slices.Clone(s.spec.Env), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return !slices.Contains(stays, name)
	})
}

// initEnv reads [init] env before everything else: it is for every service, and for what is filled in in the file. Its own
// values see only what sexton was started with.
func (r *reader) initEnv(root *value) {
	v := root.child("init").child("env")
	if v == nil || v.data == false && v.replaces != nil {
		return
	}
	v.expects, v.example = "a table", `env = { TZ = "UTC" }`
	if !r.table(v) {
		return
	}
	values := make(map[string]string, len(v.entries))
	unknown, names := make(map[string]bool), []string(nil)
	for _, entry := range v.entries {
		if !r.variableName(entry) {
			continue
		}
		value, known := r.variable(entry, &scope{})
		if values[entry.name] = value; !known {
			unknown[entry.name] = true
		}
		names = append(names, entry.name)
	}
	r.environment = newEnvironment(r.environment.with(values))
	r.environment.unknown, r.environment.ours = unknown, names
}

// remarkSecrets looks for secrets in the words of commands.
func (r *reader) remarkSecrets(s *draftService) {
	var names []string
	for _, secret := range s.spec.Secrets {
		names = append(names, secret.Name)
	}
	names = append(names, s.spec.SecretNames...)
	if len(names) == 0 {
		return
	}
	r.remarkSecretsIn(s.table, names)
}

func (r *reader) remarkSecretsIn(v *value, names []string) {
	for _, entry := range v.entries {
		r.remarkSecretsIn(entry, names)
	}
	for _, item := range v.items {
		if name := secretIn(item, names); name != "" && isCommand(v.name) {
			r.note(item, fmt.Sprintf("every user of the container can see the secret %s in the command of this process (ps)", name),
				"remove it if the program can read the variable itself")
		}
		r.remarkSecretsIn(item, names)
	}
}

// secretIn is the first of some names that a word with variables mentions; "" if there is none.
func secretIn(word *value, names []string) (found string) {
	text, _ := word.data.(string)
	if !word.late {
		return ""
	}
	template, _ := expand.Parse(text, expand.Value)
	template.Names(func(name string) {
		if found == "" && slices.Contains(names, name) {
			found = name
		}
	})
	return found
}
