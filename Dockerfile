# An image that contains only sexton: docker build -t sexton .
# Copy it into your own image with: COPY --from=sexton /sexton /sexton
#
# If no image can be pulled, set GO_IMAGE to a local image with Go.
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
