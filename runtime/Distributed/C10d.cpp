//===- C10d.cpp - the group that LibTorch's c10d makes ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gloo is in LibTorch's CPU half, gloo's own headers are not in the wheel: stubs/gloo has what c10d's header names,
// for the version below. NCCL is in the CUDA half, which is loaded while the program runs: the two constructors are
// looked up by name, all else is virtual.

#include "C10d.h"

#include "Watchdog.h"

#include "xlstm/Support/Error.h"

#define USE_C10D_GLOO
#include <c10/util/Logging.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/headeronly/version.h>
#if XLSTM_NCCL
#define USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

#include <cstdlib>
#include <dlfcn.h>
#include <thread>

static_assert(TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR == 11, "stubs/gloo is made for c10d of LibTorch 2.11");

namespace xlstm {
namespace {

using Store = c10::intrusive_ptr<c10d::Store>;
using Backend = c10::intrusive_ptr<c10d::Backend>;
using Work = c10::intrusive_ptr<c10d::Work>;

/// Others may work alone for hours, such as on a checkpoint: who has ended is found by the watchdog.
constexpr std::chrono::hours forHosts{24 * 30};

/// The lines of a message in one, without a backtrace.
std::string oneLine(const std::exception &error) {
  const auto *ours = dynamic_cast<const c10::Error *>(&error);
  std::string text = ours ? ours->what_without_backtrace() : error.what(), line;
  text = text.substr(0, text.find("\nException raised from"));
  for (char c : text)
    line += c == '\n' ? "; " : std::string(1, c);
  return line;
}

/// Runs what may fail because another rank has: then the watchdog, or who started the ranks, is given time to find out
/// which, and ends this process.
template <typename Do>
auto guarded(Do act) {
  try {
    return act();
  } catch (const std::exception &error) {
    std::string reason = oneLine(error);
    std::this_thread::sleep_for(Watchdog::patience + std::chrono::seconds(5));
    throw Error("collective: " + reason);
  }
}

class StoreBoard : public Board {
public:
  explicit StoreBoard(Store store) : store(std::move(store)) {}
  void set(const std::string &key, const std::string &value) override { store->set(key, value); }
  std::string get(const std::string &key) override { return store->check({key}) ? store->get_to_str(key) : ""; }
  void setFirst(const std::string &key, const std::string &value) override { store->compareSet(key, "", value); }

private:
  Store store;
};

class Begun : public Pending {
public:
  Begun(Work work, std::vector<at::Tensor> tensors) : work(std::move(work)), tensors(std::move(tensors)) {}
  void wait() override {
    guarded([&] { return work->wait(); });
  }

private:
  Work work;
  std::vector<at::Tensor> tensors; // that it reads and writes
};

/// What is only moved: any type.
at::Tensor bytesOf(const at::Tensor &tensor) { return tensor.flatten().view(at::kByte); }

Store connect(const Place &place) {
  c10d::TCPStoreOptions options;
  options.port = uint16_t(place.port);
  options.numWorkers = size_t(place.size);
  options.isServer = place.rank == 0 && !place.hasStore;
  if (options.isServer && place.socket >= 0)
    options.masterListenFd = place.socket;
  try {
    Store store = c10::make_intrusive<c10d::TCPStore>(place.address, options);
    const char *attempt = std::getenv("TORCHELASTIC_RESTART_COUNT"); // whose agent keeps what the last one left
    return c10::make_intrusive<c10d::PrefixStore>(std::string("xlstm/") + (attempt ? attempt : "0"), store);
  } catch (const std::exception &error) {
    fail("expected ", place.size, " ranks at ", place.address, ", port ", place.port, ": rank ", place.rank, ": ",
         oneLine(error));
  }
}

Backend makeGloo(const Store &store, const Place &place) {
  using Gloo = c10d::ProcessGroupGloo;
  auto options = Gloo::Options::create();
  options->timeout = forHosts;
  const char *interface = std::getenv("GLOO_SOCKET_IFNAME");
  bool isLocal = place.address == "127.0.0.1" || place.address == "localhost";
  options->devices.push_back(interface && *interface ? Gloo::createDeviceForInterface(interface)
                             : isLocal               ? Gloo::createDeviceForHostname("127.0.0.1")
                                                     : Gloo::createDefaultDevice());
  return c10::make_intrusive<Gloo>(c10::make_intrusive<c10d::PrefixStore>("gloo", store), int(place.rank),
                                   int(place.size), options);
}

#if XLSTM_NCCL
constexpr std::chrono::hours forDevices{2};

template <typename T>
T find(const char *name) {
  void *found = dlsym(RTLD_DEFAULT, name);
  if (!found)
    fail("this LibTorch has no NCCL: ", dlerror());
  return reinterpret_cast<T>(found);
}

/// As `new T` would, by LibTorch's constructor. NCCL's headers may be newer here than there, and its settings longer.
template <typename T, typename Construct>
c10::intrusive_ptr<T> construct(Construct make) {
  constexpr size_t spare = 4096;
  void *memory = ::operator new(sizeof(T) + spare);
  make(static_cast<T *>(memory));
  return c10::intrusive_ptr<T>::unsafe_steal_from_new(static_cast<T *>(memory));
}

Backend makeNccl(const Store &store, const Place &place) {
  using Nccl = c10d::ProcessGroupNCCL;
  using Options = c10::intrusive_ptr<Nccl::Options>;
  auto makeOptions = find<void (*)(Nccl::Options *, bool)>("_ZN4c10d16ProcessGroupNCCL7OptionsC1Eb");
  auto make = find<void (*)(Nccl *, Store, int, int, Options)>(
      "_ZN4c10d16ProcessGroupNCCLC1EN3c1013intrusive_ptrINS_5StoreENS1_6detail34intrusive_target_default_null_typeIS3_"
      "EEEEiiNS2_INS0_7OptionsENS5_IS8_EEEE");
  Options options = construct<Nccl::Options>([&](auto *memory) { makeOptions(memory, false); });
  options->timeout = forDevices;
  Store own = c10::make_intrusive<c10d::PrefixStore>("nccl", store);
  return construct<Nccl>([&](auto *memory) { make(memory, own, int(place.rank), int(place.size), options); });
}
#else
Backend makeNccl(const Store &, const Place &place) {
  fail("expected a build with NCCL for ", place.size, " GPUs, found one without (XLSTM_CUDA)");
}
#endif

class Ranks : public Group {
public:
  explicit Ranks(const Place &place)
      : Group(place), store(connect(place)), hosts(guarded([&] { return makeGloo(store, place); })),
        watchdog(std::make_unique<StoreBoard>(store->clone()), place.rank, place.size) {}

  void allReduce(at::Tensor tensor, Reduction how) override {
    std::vector<at::Tensor> tensors = {std::move(tensor)};
    c10d::AllreduceOptions options;
    options.reduceOp = how == Reduction::Sum ? c10d::ReduceOp::SUM : c10d::ReduceOp::MAX;
    guarded([&] { return of(tensors[0]).allreduce(tensors, options)->wait(); });
  }

  std::unique_ptr<Pending> reduceScatter(at::Tensor part, at::Tensor whole) override {
    return std::make_unique<Begun>(guarded([&] { return of(part)._reduce_scatter_base(part, whole); }),
                                   std::vector<at::Tensor>{part, whole});
  }

  std::unique_ptr<Pending> allGather(at::Tensor whole, at::Tensor part) override {
    at::Tensor to = bytesOf(whole), from = bytesOf(part);
    return std::make_unique<Begun>(guarded([&] { return of(part)._allgather_base(to, from); }),
                                   std::vector<at::Tensor>{whole, part});
  }

  void broadcast(at::Tensor tensor) override {
    std::vector<at::Tensor> tensors = {bytesOf(tensor)};
    guarded([&] { return of(tensor).broadcast(tensors)->wait(); });
  }

  void barrier() override {
    guarded([&] { return hosts->barrier()->wait(); });
  }

  std::string share(std::string text) override {
    at::Tensor size = at::full({1}, int64_t(text.size()), at::kLong);
    broadcast(size);
    text.resize(size_t(size.item<int64_t>()));
    if (!text.empty())
      broadcast(at::from_blob(text.data(), {int64_t(text.size())}, at::kByte));
    return text;
  }

  void call(const std::string &work) override {
    guarded([&] { store->set("call/" + std::to_string(calls++), work); });
  }

  std::string nextCall() override {
    std::string key = "call/" + std::to_string(calls++);
    while (!guarded([&] { return store->check({key}); }))
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return guarded([&] { return store->get_to_str(key); });
  }

  void report(const std::string &reason) override {
    watchdog.stop(); // or it would end this rank before that has said why
    try {
      store->compareSet(Watchdog::endKey, "", Watchdog::endOf(rank(), reason.empty() ? "" : ": " + reason));
      std::this_thread::sleep_for(2 * Watchdog::beat); // rank 0 takes the store with it
    } catch (const std::exception &) {                 // the others find the store gone
    }
  }

protected:
  void leave() override {
    barrier();
    watchdog.stop();
    barrier(); // the store goes with rank 0
    if (devices)
      devices->shutdown();
    hosts->shutdown();
  }

private:
  c10d::Backend &of(const at::Tensor &tensor) {
    if (tensor.is_cuda() && !devices)
      devices = makeNccl(store, place);
    return tensor.is_cuda() ? *devices : *hosts;
  }

  Store store;
  Backend hosts, devices; // the latter from the first tensor on a GPU on
  int64_t calls = 0;
  Watchdog watchdog;
};

} // namespace

std::unique_ptr<Group> joinRanks(const Place &place) {
  if (!std::getenv("TORCH_CPP_LOG_LEVEL")) // warnings of every rank whose connection ends, each with a backtrace
    FLAGS_caffe2_log_level = c10::GLOG_ERROR;
  return std::make_unique<Ranks>(place);
}

} // namespace xlstm
