package service

// Identity returns the user and groups that a service runs as, as the file names them. root tells whether we are root.
func (s *Spec) Identity(root bool) (user, group string, groups []string) {
	switch {
	case s.UserIfRoot == "":
		return s.User, s.Group, s.Groups
	case root:
		return s.UserIfRoot, s.Group, s.Groups
	}
	return "", "", nil
}
