package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
)

// release is the version of the lab, as Go's toolchain has noted it of the sources; "" where it does not know.
func release() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "(devel)" {
		return ""
	}
	return info.Main.Version
}

// program tells versions of the lab apart: what Go's toolchain has noted of the sources and itself, and where that does not say exactly
// which sources they were, a digest of the program.
func program() (string, error) {
	if version := release(); version != "" && !strings.HasSuffix(version, "+dirty") {
		return version + " " + runtime.Version(), nil
	}
	digest, err := digestOfProgram()
	if err != nil {
		return "", machineError{fmt.Errorf("find out which version of the lab this is: %w", err)}
	}
	return digest, nil
}

func digestOfProgram() (string, error) {
	name, err := os.Executable()
	if err != nil {
		return "", err
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
