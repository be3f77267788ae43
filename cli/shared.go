package cli

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"sexton/paths"
	"sexton/service"
)

// sharedWithin is how long the start waits for sharedLogs.
const sharedWithin = 250 * time.Millisecond

// sharedLogsInTime is sharedLogs with a time limit: a log directory on a file system that
// does not answer must not delay the start of the services.
func sharedLogsInTime(plan *service.Plan) (remarks []string) {
	if !slices.ContainsFunc(plan.Services, func(s service.Spec) bool { return s.Log.Away() }) {
		return nil
	}
	found := make(chan []string, 1)
	specs := &service.Plan{Services: slices.Clone(plan.Services)} // the caller may change its own
	go func() { found <- sharedLogs(specs) }()
	timer := time.NewTimer(sharedWithin)
	defer timer.Stop()
	select {
	case remarks = <-found:
		return remarks
	case <-timer.C:
		return []string{"a file system with a log file did not answer within " + sharedWithin.String() + "; the services start anyway, and lines for that file wait"}
	}
}

// sharedLogs remarks on the directories of log files that others can write to, each
// once. For a directory that does not exist yet, the one in which it will be created counts.
func sharedLogs(plan *service.Plan) (remarks []string) {
	var found []paths.Shared
	services := make(map[paths.Shared][]string)
	for _, s := range plan.Services {
		for _, to := range s.Log.Destinations() {
			if to.File.Path == "" {
				continue
			}
			shared := sharedDirectory(to.File.Path)
			if shared == nil {
				continue
			}
			if services[*shared] == nil {
				found = append(found, *shared)
			}
			if !slices.Contains(services[*shared], s.Name) {
				services[*shared] = append(services[*shared], s.Name)
			}
		}
	}
	for _, shared := range found {
		remarks = append(remarks, fmt.Sprintf("%s can write to %s, where the log of %s is, and could put a link or a file in its place. "+
			"sexton does not follow links there, and writes to stdout if it does not trust the file; "+
			`it is better if root owns the directory, mode 0755, and owner = "USER" in log.file gives the files to their user`,
			shared.Who, shared.Dir, strings.Join(services[shared], ", ")))
	}
	return remarks
}

// sharedDirectory is the first directory on the way to a file that others can write to.
func sharedDirectory(name string) *paths.Shared {
	for {
		place, err := paths.Find(name)
		var refused *paths.Refused
		switch {
		case err == nil:
			defer place.Close()
			return place.Shared
		case errors.As(err, &refused):
			return &refused.Shared
		case name == path.Dir(name):
			return nil
		}
		name = path.Dir(name)
	}
}
