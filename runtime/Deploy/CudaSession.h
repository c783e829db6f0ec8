//===- CudaSession.h - texts that a model on a GPU reads and writes -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_DEPLOY_CUDASESSION_H
#define RUNTIME_DEPLOY_CUDASESSION_H

#include "runtime/Deploy/Backend.h"
#include "xlstm/Runtime/Deploy/CudaModelAbi.h"
#include "xlstm/Runtime/Device/Device.h"

#include <vector>

namespace xlstm {

/// Fills the weights: from what the executable carries, or by random numbers where it carries none.
void fillWeights(const xlstm_cuda_model_info &model, const char *carried, char *weights, Stream &stream);

/// The numbers of a model as the verbs want them.
ModelNumbers numbersOf(const xlstm_cuda_model_info &model);

DeviceLimits measureDeviceLimits();

/// Each function of the model is one graph, recorded when it is first run, after one run that is not recorded: products
/// choose their algorithms there. All texts of a batch read the same tokens, and the first one's logits are returned.
class CudaSession : public Session {
public:
  /// Opens the GPU. Throws Error when there is none or its memory does not suffice.
  CudaSession(const xlstm_cuda_model_info &model, const char *weights);

  void reset() override;
  std::span<float> read(std::span<const int64_t> ids) override;
  std::span<float> readOne(int64_t id) override;
  std::span<const std::byte> viewState() override;
  void restore(const std::function<void(std::span<std::byte>)> &fill, int64_t position) override;

  const DeviceInfo device;

private:
  xlstm_cuda_memory memory() const;
  /// Starts a function on as many tokens as it takes; the host's ids must stay until it has ended.
  void run(size_t function, std::span<const int64_t> ids);
  void prepare(size_t function);
  std::span<float> takeLogits() const;

  const xlstm_cuda_model_info &model;
  Stream stream;
  DeviceBuffer weights, state, scratch, workspace, zeroed, ids, logits;
  PinnedBuffer hostIds, hostLogits;
  std::unique_ptr<PinnedBuffer> hostState; // where a state is copied to; made when one is
  std::vector<std::unique_ptr<Graph>> graphs; // a function each; null: not run yet
};

} // namespace xlstm

#endif // RUNTIME_DEPLOY_CUDASESSION_H
