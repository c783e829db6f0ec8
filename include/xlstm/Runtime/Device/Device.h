//===- Device.h - a GPU's memory, streams and graphs ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Thin owners over the CUDA runtime. Every failure is an Error of one line: what was tried, and why it failed.

#ifndef XLSTM_RUNTIME_DEVICE_DEVICE_H
#define XLSTM_RUNTIME_DEVICE_DEVICE_H

#include <cstddef>
#include <functional>
#include <string>

namespace xlstm {

/// Throws Error unless `status` is 0: a cudaError_t, or what a kernel of ours returns.
void checkDevice(int status, const std::string &tried);

struct DeviceInfo {
  std::string name;
  size_t freeBytes, totalBytes;
};

/// Makes the first GPU the current one. Throws Error when there is none, no driver for it, or it is older than compute
/// capability 8.0.
DeviceInfo openDevice();

/// Memory on the GPU.
class DeviceBuffer {
public:
  /// `what` it is for, in the error's text.
  DeviceBuffer(size_t bytes, const std::string &what);
  DeviceBuffer(const DeviceBuffer &) = delete;
  DeviceBuffer &operator=(const DeviceBuffer &) = delete;
  ~DeviceBuffer();

  char *get() const { return static_cast<char *>(memory); }
  size_t size() const { return bytes; }

private:
  size_t bytes;
  void *memory = nullptr;
};

/// Memory of the host that the GPU reads and writes without a copy in between.
class PinnedBuffer {
public:
  explicit PinnedBuffer(size_t bytes);
  PinnedBuffer(const PinnedBuffer &) = delete;
  PinnedBuffer &operator=(const PinnedBuffer &) = delete;
  ~PinnedBuffer();

  char *get() const { return static_cast<char *>(memory); }

private:
  void *memory = nullptr;
};

/// Work on the GPU, in order.
class Stream {
public:
  Stream();
  Stream(const Stream &) = delete;
  Stream &operator=(const Stream &) = delete;
  ~Stream();

  /// A cudaStream_t.
  void *get() const { return stream; }
  /// Waits until all work is done; throws Error when some of it failed.
  void wait(const std::string &tried) const;
  /// Between any two places of host and GPU; the host's memory must be pinned and stay as it is until then.
  void copy(void *to, const void *from, size_t bytes);
  void clear(void *memory, size_t bytes);

private:
  void *stream = nullptr;
};

/// A moment on a stream.
class Event {
public:
  Event();
  Event(const Event &) = delete;
  Event &operator=(const Event &) = delete;
  ~Event();

  void record(const Stream &stream);
  /// Waits until the stream has come here; at once where nothing was recorded.
  void wait() const;
  /// Seconds from `start` to here, on the GPU's clock.
  double secondsSince(const Event &start) const;

private:
  void *event = nullptr;
};

/// Work that was recorded once and is started as a whole.
class Graph {
public:
  /// Records what `enqueue` puts on the stream; it returns a status as checkDevice() takes it.
  Graph(const Stream &stream, const std::function<int()> &enqueue, const std::string &tried);
  Graph(const Graph &) = delete;
  Graph &operator=(const Graph &) = delete;
  ~Graph();

  void launch(const Stream &stream) const;

private:
  void *executable = nullptr;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_DEVICE_DEVICE_H
