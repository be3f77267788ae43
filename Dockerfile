# sexton alone in an image: docker build -t sexton .
# Take it into your own with: COPY --from=sexton /sexton /sexton
#
# Where no image can be pulled, GO_IMAGE names one that is there and has Go.
ARG GO_IMAGE=golang:1.26
FROM ${GO_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=0.1.0-dev
ARG TARGETARCH
RUN CGO_ENABLED=0 GOARCH=${TARGETARCH} go build -tags entry -trimpath \
    -ldflags "-s -w -E=sexton_entry -checklinkname=0 -X sexton/cli.Version=${VERSION}" -o /sexton .

FROM scratch
COPY --from=build /sexton /sexton
ENTRYPOINT ["/sexton"]
