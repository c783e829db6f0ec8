//===- Place.cpp - which rank of a job a process is ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Distributed/Place.h"

#include "xlstm/Support/Error.h"
#include "xlstm/Support/Number.h"

#include <cstdlib>

namespace xlstm {

namespace {

using Get = std::function<std::string(const std::string &)>;

/// How a launcher calls what a process needs to know. torchrun's names are also our own launcher's.
struct Launcher {
  const char *rank, *size, *localRank;
};
constexpr Launcher launchers[] = {{"RANK", "WORLD_SIZE", "LOCAL_RANK"},
                                  {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID"},
                                  {"SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"},
                                  {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"}};
constexpr int64_t defaultPort = 29500; // torchrun's

} // namespace

static int64_t number(const Get &get, const std::string &name, int64_t least, int64_t most) {
  std::string text = get(name);
  std::optional<int64_t> value = toNumber<int64_t>(text);
  if (!value || *value < least || *value > most)
    fail("environment variable ", name, ": expected a number from ", least, " to ", most, ", found '", text, "'");
  return *value;
}

std::string firstHost(const std::string &list) {
  size_t bracket = list.find_first_of("[,");
  std::string host = list.substr(0, bracket);
  if (bracket == list.npos || list[bracket] == ',')
    return host;
  size_t end = list.find_first_of("-,]", bracket + 1);
  return host + list.substr(bracket + 1, end == list.npos ? end : end - bracket - 1);
}

/// Where a launcher that says no address has its ranks meet.
static std::string meetingPlace(const Get &get) {
  if (std::string list = get("SLURM_STEP_NODELIST"); !list.empty())
    return firstHost(list);
  if (std::string list = get("SLURM_JOB_NODELIST"); !list.empty())
    return firstHost(list);
  if (std::string local = get("OMPI_COMM_WORLD_LOCAL_SIZE"); !local.empty() && local == get("OMPI_COMM_WORLD_SIZE"))
    return "127.0.0.1";
  fail("environment variable MASTER_ADDR: expected the host of rank 0, found nothing");
}

Place Place::from(const Get &get) {
  constexpr int64_t mostRanks = 1 << 20;
  Place place;
  for (const Launcher &launcher : launchers) {
    if (get(launcher.rank).empty() || get(launcher.size).empty())
      continue;
    place.size = number(get, launcher.size, 1, mostRanks);
    place.rank = number(get, launcher.rank, 0, place.size - 1);
    if (!get(launcher.localRank).empty())
      place.localRank = number(get, launcher.localRank, 0, place.size - 1);
    break;
  }
  if (place.size == 1)
    return place;
  place.address = get("MASTER_ADDR").empty() ? meetingPlace(get) : get("MASTER_ADDR");
  int64_t job = get("SLURM_JOB_ID").empty() ? 0 : number(get, "SLURM_JOB_ID", 0, INT64_MAX) % 1000;
  place.port = get("MASTER_PORT").empty() ? defaultPort + job : number(get, "MASTER_PORT", 1, 65535);
  place.hasStore = get("TORCHELASTIC_USE_AGENT_STORE") == "True";
  if (place.rank == 0 && !get("XLSTM_STORE_SOCKET").empty())
    place.socket = int(number(get, "XLSTM_STORE_SOCKET", 0, 1 << 20));
  return place;
}

Place Place::fromEnvironment() {
  return from([](const std::string &name) {
    const char *value = std::getenv(name.c_str());
    return std::string(value ? value : "");
  });
}

} // namespace xlstm
