//===- CudaSession.h - texts that a model on a GPU reads and writes -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_DEPLOY_CUDASESSION_H
#define RUNTIME_DEPLOY_CUDASESSION_H

#include "runtime/Deploy/Backend.h"
#include "xlstm/Runtime/Deploy/CudaModelAbi.h"
#include "xlstm/Runtime/Device/Device.h"

#include <map>
#include <memory>
#include <vector>

namespace xlstm {

/// Fills the weights: from what the executable carries, or by random numbers where it carries none.
void fillWeights(const xlstm_cuda_model_info &model, const char *carried, char *weights, Stream &stream);

/// The numbers of a model as the verbs want them.
ModelNumbers numbersOf(const xlstm_cuda_model_info &model);

DeviceLimits measureDeviceLimits();

/// The GPU, the weights and the memory for what is computed on the way: of sessions that take turns.
class CudaWorkplace {
public:
  /// Opens the GPU. Throws Error when there is none or its memory does not suffice for a session.
  CudaWorkplace(const xlstm_cuda_model_info &model, const char *weights);

  /// With the state of a session; null where functions are given states of their own.
  xlstm_cuda_memory memory(char *state) const;
  /// Reads an id of each text; their logits are then in hostLogits. So many texts again and again become a graph; where
  /// the model goes by rows, the same texts again and again.
  void runTogether(const std::vector<char *> &states, std::span<const int64_t> ids);
  std::span<float> logitsOf(size_t row) const;

  const xlstm_cuda_model_info &model;
  const DeviceInfo device;
  Stream stream;
  DeviceBuffer weights, scratch, workspace, zeroed, ids, logits, apart;
  PinnedBuffer hostIds, hostLogits, hostApart;

private:
  struct Together {
    int runs = 0;
    std::unique_ptr<Graph> graph;
  };
  std::map<std::vector<char *>, Together> together; // by the states of the texts, in their order; or by their number
};

/// Each function of the model is one graph, recorded when it is first run, after one run that is not recorded: products
/// choose their algorithms there. All texts of a batch read the same tokens, and the first one's logits are returned.
class CudaSession : public Session {
public:
  explicit CudaSession(std::shared_ptr<CudaWorkplace> place);

  void reset() override;
  std::span<float> read(std::span<const int64_t> ids) override;
  std::span<float> readOne(int64_t id) override;
  std::span<const std::byte> viewState() override;
  void restore(const std::function<void(std::span<std::byte>)> &fill, int64_t position) override;

private:
  size_t mostRows() const override { return static_cast<size_t>(model.most_rows); }
  void readRows(std::span<Session *const> all, std::span<const int64_t> ids,
                std::vector<std::span<float>> &found) override;
  /// Starts a function on as many tokens as it takes; the host's ids must stay until it has ended.
  void run(size_t function, std::span<const int64_t> ids);
  void prepare(size_t function);
  std::span<float> takeLogits();

  const std::shared_ptr<CudaWorkplace> place;
  const xlstm_cuda_model_info &model;
  Stream &stream;
  DeviceBuffer state;
  std::vector<float> logits;
  std::unique_ptr<PinnedBuffer> hostState;    // where a state is copied to; made when one is
  std::vector<std::unique_ptr<Graph>> graphs; // a function each; null: not run yet
};

} // namespace xlstm

#endif // RUNTIME_DEPLOY_CUDASESSION_H
