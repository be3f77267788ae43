package story

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

func countVerb(r *run, args []string) error {
	if err := exactly(args, 3, "STREAM 'REGEX' N"); err != nil {
		return err
	}
	want, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	found, err := r.matches(args[0], args[1])
	if err == nil && len(found) != want {
		err = fmt.Errorf("%s holds %d matches, not %d", args[0], len(found), want)
	}
	return err
}

func numberedVerb(r *run, args []string) error {
	if err := exactly(args, 3, "STREAM 'REGEX with one group' N"); err != nil {
		return err
	}
	want, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	found, err := r.matches(args[0], args[1])
	if err != nil {
		return err
	}
	for i, groups := range found {
		if len(groups) != 2 {
			return errors.New("the regex needs one group")
		}
		if string(groups[1]) != strconv.Itoa(i+1) {
			return fmt.Errorf("%s: number %s comes where %d should; %d matches in all", args[0], groups[1], i+1, len(found))
		}
	}
	if len(found) != want {
		return fmt.Errorf("%s: the last number is %d, not %d", args[0], len(found), want)
	}
	return nil
}

// neverVerb only notes what must not be; the end of the life judges.
func neverVerb(r *run, args []string) error {
	if err := exactly(args, 2, "STREAM 'REGEX'"); err != nil {
		return err
	}
	if _, err := regexp.Compile(args[1]); err != nil {
		return err
	}
	r.nevers = append(r.nevers, never{line: r.line, stream: args[0], regex: args[1]})
	return nil
}

func leftVerb(r *run, args []string) error {
	if err := exactly(args, 1, "N, or none"); err != nil {
		return err
	}
	if r.life == nil || !isClosed(r.over) {
		return errors.New("the init has not ended")
	}
	want, err := strconv.Atoi(args[0])
	if err != nil && args[0] != "none" {
		return err
	}
	if r.kept == nil && r.way != ordinary {
		return nil // with PID 1 all others end
	}
	r.leftSaid = true
	return r.await(2*time.Second, func() (bool, string) { // some may just be dying
		left := len(r.left())
		return left == want, fmt.Sprintf("%d processes are left, not %d", left, want)
	}, nil)
}

func straysVerb(r *run, args []string) error {
	if err := exactly(args, 1, "N"); err != nil {
		return err
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	if r.life == nil || r.kept == nil && r.way != ordinary {
		return errors.New("only an init as child has a keeper who could take in strays")
	}
	if r.way == ordinary {
		return errSkip{errors.New("orphans are counted by a keeper, and that needs namespaces")}
	}
	if got, _, _ := r.keeperNotes(); got > want {
		return fmt.Errorf("%d orphans came to the keeper, not %d", got, want)
	}
	return r.await(5*time.Second, func() (bool, string) {
		got, _, _ := r.keeperNotes()
		return got == want, fmt.Sprintf("%d orphans came to the keeper, not %d", got, want)
	}, nil)
}

func equalVerb(r *run, args []string) error {
	if err := exactly(args, 2, "A B"); err != nil {
		return err
	}
	if args[0] != args[1] {
		return fmt.Errorf("%q is not %q", args[0], args[1])
	}
	return nil
}

func differVerb(r *run, args []string) error {
	if err := exactly(args, 2, "A B"); err != nil {
		return err
	}
	if args[0] == args[1] {
		return fmt.Errorf("both are %q", args[0])
	}
	return nil
}
