//===- Device.cpp - a GPU's memory, streams and graphs --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Device/Device.h"
#include "xlstm/Support/Error.h"

#include <cuda_runtime_api.h>

namespace xlstm {

/// The kernels give cuBLASLt's statuses behind this number; the first one is that of a library that was not found.
constexpr int blasError = 1000, blasMissing = blasError + 1;

void checkDevice(int status, const std::string &tried) {
  if (status == cudaSuccess)
    return;
  cudaGetLastError(); // the next call begins afresh
  if (status == blasMissing)
    fail(tried, ": cuBLASLt cannot be loaded: libcublasLt.so.", CUDART_VERSION / 1000,
         " is in none of LD_LIBRARY_PATH, $CUDA_HOME/lib64, /usr/local/cuda/lib64 and python3's packages; get it: "
         "python3 -m pip install 'nvidia-cublas==",
         CUDART_VERSION / 1000, ".*'");
  if (status >= blasError)
    fail(tried, ": cuBLASLt failed with status ", status - blasError);
  fail(tried, ": ", cudaGetErrorString(static_cast<cudaError_t>(status)));
}

DeviceInfo openDevice() {
  int count = 0;
  cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaErrorInsufficientDriver)
    fail("this executable runs on an NVIDIA GPU: its driver is missing or older than CUDA ", CUDART_VERSION / 1000);
  if (status == cudaErrorNoDevice || (status == cudaSuccess && count == 0))
    fail("this executable runs on an NVIDIA GPU: found none");
  checkDevice(status, "looking for a GPU");
  cudaDeviceProp properties;
  checkDevice(cudaGetDeviceProperties(&properties, 0), "asking what the GPU is");
  if (properties.major < 8)
    fail("GPU ", properties.name, " has compute capability ", properties.major, ".", properties.minor,
         ", expected 8.0 or newer");
  DeviceInfo info = {properties.name, 0, 0};
  checkDevice(cudaSetDevice(0), "opening GPU " + info.name);
  checkDevice(cudaMemGetInfo(&info.freeBytes, &info.totalBytes), "opening GPU " + info.name);
  return info;
}

DeviceBuffer::DeviceBuffer(size_t bytes, const std::string &what) : bytes(bytes) {
  if (bytes)
    checkDevice(cudaMalloc(&memory, bytes), "taking " + std::to_string(bytes) + " bytes on the GPU for " + what);
}
DeviceBuffer::~DeviceBuffer() { cudaFree(memory); }

PinnedBuffer::PinnedBuffer(size_t bytes) {
  checkDevice(cudaMallocHost(&memory, bytes), "taking " + std::to_string(bytes) + " bytes of pinned memory");
}
PinnedBuffer::~PinnedBuffer() { cudaFreeHost(memory); }

static cudaStream_t streamOf(const Stream &stream) { return static_cast<cudaStream_t>(stream.get()); }

Stream::Stream() {
  cudaStream_t made;
  checkDevice(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking), "making a stream");
  stream = made;
}
Stream::~Stream() { cudaStreamDestroy(streamOf(*this)); }

void Stream::wait(const std::string &tried) const { checkDevice(cudaStreamSynchronize(streamOf(*this)), tried); }

void Stream::copy(void *to, const void *from, size_t bytes) {
  if (bytes)
    checkDevice(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, streamOf(*this)), "copying to or from the GPU");
}

void Stream::clear(void *memory, size_t bytes) {
  if (bytes)
    checkDevice(cudaMemsetAsync(memory, 0, bytes, streamOf(*this)), "clearing memory of the GPU");
}

static cudaEvent_t eventOf(void *event) { return static_cast<cudaEvent_t>(event); }

Event::Event() {
  cudaEvent_t made;
  checkDevice(cudaEventCreate(&made), "making an event");
  event = made;
}
Event::~Event() { cudaEventDestroy(eventOf(event)); }

void Event::record(const Stream &stream) {
  checkDevice(cudaEventRecord(eventOf(event), streamOf(stream)), "recording an event");
}
void Event::wait() const { checkDevice(cudaEventSynchronize(eventOf(event)), "waiting for the GPU"); }

double Event::secondsSince(const Event &start) const {
  float milliseconds = 0;
  checkDevice(cudaEventElapsedTime(&milliseconds, eventOf(start.event), eventOf(event)), "timing the GPU");
  return milliseconds / 1e3;
}

Graph::Graph(const Stream &stream, const std::function<int()> &enqueue, const std::string &tried) {
  cudaGraph_t graph = nullptr;
  checkDevice(cudaStreamBeginCapture(streamOf(stream), cudaStreamCaptureModeThreadLocal), tried);
  int status = enqueue();
  int ended = cudaStreamEndCapture(streamOf(stream), &graph);
  cudaGraphExec_t made = nullptr;
  if (status == cudaSuccess)
    status = ended;
  if (status == cudaSuccess)
    status = cudaGraphInstantiate(&made, graph, 0);
  if (graph)
    cudaGraphDestroy(graph);
  checkDevice(status, tried);
  executable = made;
}
Graph::~Graph() { cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(executable)); }

void Graph::launch(const Stream &stream) const {
  checkDevice(cudaGraphLaunch(static_cast<cudaGraphExec_t>(executable), streamOf(stream)), "starting a graph");
}

} // namespace xlstm
