package main

import (
	"strings"
	"testing"
)

const stream = `{"Action":"start","Package":"a"}
{"Action":"run","Package":"a","Test":"TestGood"}
{"Action":"output","Package":"a","Test":"TestGood","Output":"=== RUN   TestGood\n"}
{"Action":"output","Package":"a","Test":"TestGood","Output":"    a_test.go:7: never to be seen\n"}
{"Action":"output","Package":"a","Test":"TestGood","Output":"--- PASS: TestGood (0.00s)\n"}
{"Action":"pass","Package":"a","Test":"TestGood","Elapsed":0}
{"Action":"output","Package":"a","Test":"TestDockerOne","Output":"    a_test.go:9: no docker client is installed\n"}
{"Action":"skip","Package":"a","Test":"TestDockerOne","Elapsed":0}
{"Action":"output","Package":"a","Test":"TestDockerTwo","Output":"    a_test.go:12: no docker client is installed\n"}
{"Action":"skip","Package":"a","Test":"TestDockerTwo","Elapsed":0}
{"Action":"output","Package":"a","Test":"TestStories/x","Output":"    stories_test.go:38: the story needs namespaces\n"}
{"Action":"output","Package":"a","Test":"TestStories/x","Output":"        and a second line\n"}
{"Action":"skip","Package":"a","Test":"TestStories/x","Elapsed":0}
{"Action":"skip","Package":"a","Test":"TestQuiet","Elapsed":0}
{"Action":"output","Package":"a","Output":"PASS\n"}
{"Action":"output","Package":"a","Output":"ok  \ta\t0.013s\n"}
{"Action":"pass","Package":"a","Elapsed":0.013}
{"Action":"run","Package":"b","Test":"TestBad"}
{"Action":"output","Package":"b","Test":"TestBad","Output":"    b_test.go:3: why it failed\n"}
{"Action":"output","Package":"b","Test":"TestBad","Output":"--- FAIL: TestBad (0.00s)\n"}
{"Action":"fail","Package":"b","Test":"TestBad","Elapsed":0}
{"Action":"run","Package":"b","Test":"TestHangs"}
{"Action":"output","Package":"b","Test":"TestHangs","Output":"panic: test timed out after 1s\n"}
{"Action":"output","Package":"b","Output":"FAIL\tb\t1.0s\n"}
{"Action":"fail","Package":"b","Elapsed":1}
{"ImportPath":"c","Action":"build-output","Output":"c.go:1:1: expected package\n"}
{"ImportPath":"c","Action":"build-fail"}
a line of a test that writes past the test framework
`

func TestReportSaysWhatGoTestSaysAndWhatWasSkipped(t *testing.T) {
	var out strings.Builder
	r := newReport(&out)
	if err := r.read(strings.NewReader(stream)); err != nil {
		t.Fatal(err)
	}
	const want = `ok  	a	0.013s
--- FAIL: TestBad (0.00s)
    b_test.go:3: why it failed
FAIL	b	1.0s
panic: test timed out after 1s
c.go:1:1: expected package
a line of a test that writes past the test framework
`
	if out.String() != want {
		t.Errorf("it prints\n%s\nwant\n%s", &out, want)
	}
	const skips = "skipped: 2 Docker tests, no docker client is installed; 1 story, the story needs namespaces; 1 test, no reason given"
	if got := r.skipped(); got != skips {
		t.Errorf("it ends with\n%s\nwant\n%s", got, skips)
	}
	if got := newReport(&out).skipped(); got != "skipped: nothing" {
		t.Errorf("with nothing skipped it ends with %q", got)
	}
}
