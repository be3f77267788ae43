package service

// KillMode says which processes of a service get its signals.
type KillMode uint8

const (
	KillGroup   KillMode = iota // its process group; those of a stop also its descendants outside of it
	KillProcess                 // its first process; what is left of the group gets KILL when that has ended
)

func (k KillMode) String() string { return [...]string{"group", "process"}[k] }

// Reach says which processes get the signal of a rule.
type Reach uint8

const (
	AsKillMode   Reach = iota // those that get the signals of the service
	WholeGroup                // its process group
	FirstProcess              // its first process
)

func (r Reach) String() string { return [...]string{"", "group", "process"}[r] }
