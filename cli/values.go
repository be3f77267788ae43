package cli

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"sexton/forward"
	"sexton/proc"
	"sexton/service"
)

// setNumber does what a flag with a number or a signal says.
func (c *call) setNumber(flag, name, value string) error {
	switch flag {
	case "e":
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 || n > 255 {
			return fmt.Errorf("%s %s: an exit status is a number from 0 to 255", name, value)
		}
		c.okCodes = append(c.okCodes, n)
	case "p":
		s, err := proc.ParseSignal(value)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		c.parentDeath = s
	case "rewrite":
		r, err := parseRewrite(value)
		if err != nil {
			return fmt.Errorf("%s %s: %w", name, value, err)
		}
		c.rewrite = append(c.rewrite, r)
	}
	return nil
}

// parseRewrite reads FROM:TO.
func parseRewrite(text string) (r rewrite, err error) {
	from, to, ok := strings.Cut(text, ":")
	if !ok {
		return r, fmt.Errorf("write FROM:TO, TERM:QUIT for example, or TERM:0 to drop it")
	}
	if r.from, err = proc.ParseSignal(from); err != nil {
		return r, err
	}
	if forward.CannotBeCaught(r.from) || forward.Ours(r.from) {
		return r, fmt.Errorf("SIG%v never gets here to be rewritten", r.from)
	}
	if strings.TrimSpace(to) == "0" {
		return r, nil
	}
	r.to, err = proc.ParseSignal(to)
	return r, err
}

// duration reads a flag's length of time.
func duration(name, text string) (time.Duration, error) {
	if text == "0" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%s %s: write a length of time, 2s or 500ms for example", name, text)
	}
	return d, nil
}

// agree checks that the flags fit each other and the form of the call.
func (c *call) agree() error {
	if c.help || c.version {
		return nil
	}
	if operates(c.verb) {
		return c.agreeToOperate()
	}
	for _, flag := range c.flags {
		if owners := operateFlags(flag); owners != "" {
			return fmt.Errorf("%s is a flag of sexton %s", flag, owners)
		}
	}
	if c.verb != "run" || c.config != "" || len(c.command) == 0 {
		for _, flag := range c.flags {
			switch flag {
			case "--single-child", "--rewrite", "-e", "--ok-code", "--linger", "--grace", "--setsid", "-p", "--parent-death":
				return fmt.Errorf("%s is for one command; with services, the file says it", flag)
			}
		}
	}
	for name, text := range map[string]*string{"--linger": c.linger, "--grace": c.grace} {
		if text != nil {
			if _, err := duration(name, *text); err != nil {
				return err
			}
		}
	}
	return nil
}

// apply puts the flags of the one-command form into its plan.
func (c *call) apply(plan *service.Plan) {
	main := &plan.Services[0]
	// In what we say the command is called what people call it.
	main.Name = path.Base(c.command[0])
	plan.Init.Main = main.Name
	main.Single, main.Session, main.ParentDeath = c.single, c.setsid, c.parentDeath
	if c.linger != nil {
		plan.Init.Linger, _ = duration("--linger", *c.linger)
	}
	if c.grace != nil {
		plan.Init.Grace, _ = duration("--grace", *c.grace)
	}
	for _, r := range c.rewrite {
		if plan.Init.Rules == nil {
			plan.Init.Rules = make(map[proc.Signal]service.Rule)
		}
		if r.to == 0 {
			plan.Init.Rules[r.from] = service.Rule{Verb: service.VerbIgnore}
		} else {
			plan.Init.Rules[r.from] = service.Rule{Verb: service.VerbForward, Signal: r.to}
		}
	}
}
