package config

import "sexton/service"

// dumpEnvironment writes what makes up the environment of a service.
func dumpEnvironment(s *service.Spec, put func(name, format string, args ...any)) {
	if len(s.EnvFiles)+len(s.Secrets)+len(s.SecretNames)+len(s.Late)+len(s.Set) > 0 {
		put("env files", "%+v secrets %q names %q", s.EnvFiles, s.Secrets, s.SecretNames)
		put("late", "%q set %q below %q", s.Late, s.Set, s.Below)
	}
	for _, entry := range s.Env {
		put("env", "%q", entry)
	}
}
