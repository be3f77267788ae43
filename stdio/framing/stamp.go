package framing

import "time"

// stampBytes is the length of a time as RFC 3339 writes it, in UTC and with
// nanoseconds: 2006-01-02T15:04:05.000000000Z. It is the same for every time.
const stampBytes = 30

// stamp writes the time.
func stamp(t time.Time) (s [stampBytes]byte) {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	copy(s[:], "0000-00-00T00:00:00.000000000Z")
	digits(s[0:4], year)
	digits(s[5:7], int(month))
	digits(s[8:10], day)
	digits(s[11:13], hour)
	digits(s[14:16], minute)
	digits(s[17:19], second)
	digits(s[20:29], t.Nanosecond())
	return s
}

// digits fills b with the last digits of n.
func digits(b []byte, n int) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
}

// putStamp copies a stamp to its place: with as many digits of the
// second as there is room for.
func putStamp(to []byte, s *[stampBytes]byte) {
	n := copy(to, s[:])
	to[n-1] = 'Z'
}

// putLocal writes a stamp as syslog(3) does, the day padded with a blank.
func putLocal(to []byte, s *[stampBytes]byte) {
	const months = "JanFebMarAprMayJunJulAugSepOctNovDec"
	month := int(s[5]-'0')*10 + int(s[6]-'0')
	copy(to, months[3*(month-1):3*month])
	to[3], to[4], to[5] = ' ', s[8], s[9]
	if s[8] == '0' {
		to[4] = ' '
	}
	to[6] = ' '
	copy(to[7:], s[11:19])
}

const (
	stampLocal  = len("Jan  2 15:04:05")
	stampMillis = len("2006-01-02T15:04:05.000Z")
	stampMicros = len("2006-01-02T15:04:05.000000Z")
)
