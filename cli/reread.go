package cli

import (
	"fmt"
	"strings"

	"sexton/config"
	"sexton/container"
	"sexton/service"
)

// reader returns container.Options.Read. It is called before we leave our working directory, and so it
// remembers the files by their absolute names.
func (c *call) reader() func() container.Fresh {
	again := *c
	again.config, again.further = absolute(c.fileName()), nil
	for _, name := range c.further {
		again.further = append(again.further, absolute(name))
	}
	return again.readAgain
}

// readAgain reads and checks the files of the command line as the start did. It runs beside the loop, and so it
// changes nothing of c.
func (c *call) readAgain() container.Fresh {
	sources, err := c.sources()
	if err != nil {
		why := fmt.Sprintf("cannot read the configuration: %v", err)
		return container.Fresh{Mistakes: []string{why}, Brief: why}
	}
	options := c.options(true)
	options.Terminal = c.terminal // one that has hung up since must not make another plan
	reading, err := config.Read(sources, container.WithoutManager(c.environ), options)
	if err != nil {
		n := config.Count(err)
		text := config.Render(err, false) + fmt.Sprintf("%s: %s", c.fileWords(), service.Counted(n, "mistake"))
		brief, _, _ := strings.Cut(err.Error(), "\n")
		if n > 1 {
			brief += fmt.Sprintf("; and %s more, which sexton check and sexton reload print", service.Counted(n-1, "mistake"))
		}
		return container.Fresh{Mistakes: strings.Split(text, "\n"), Brief: brief}
	}
	return container.Fresh{Plan: reading.Plan, Remarks: append(reading.Notes, sharedLogsInTime(&reading.Plan)...)}
}
