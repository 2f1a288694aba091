// What WASI preview 1 has and a guest here has not: files, sockets, signals.
#include "host/wasi.h"

namespace host::wasi {

const std::vector<Refused>& refused_functions() {
  static const std::vector<Refused> kRefused{
      {"fd_advise", "iIIi", Errno::kBadf},
      {"fd_allocate", "iII", Errno::kBadf},
      {"fd_close", "i", Errno::kBadf},
      {"fd_datasync", "i", Errno::kBadf},
      {"fd_fdstat_set_flags", "ii", Errno::kBadf},
      {"fd_fdstat_set_rights", "iII", Errno::kBadf},
      {"fd_filestat_get", "ii", Errno::kBadf},
      {"fd_filestat_set_size", "iI", Errno::kBadf},
      {"fd_filestat_set_times", "iIIi", Errno::kBadf},
      {"fd_pread", "iiiIi", Errno::kBadf},
      {"fd_prestat_get", "ii", Errno::kBadf},
      {"fd_prestat_dir_name", "iii", Errno::kBadf},
      {"fd_pwrite", "iiiIi", Errno::kBadf},
      {"fd_read", "iiii", Errno::kBadf},
      {"fd_readdir", "iiiIi", Errno::kBadf},
      {"fd_renumber", "ii", Errno::kBadf},
      {"fd_seek", "iIii", Errno::kBadf},
      {"fd_sync", "i", Errno::kBadf},
      {"fd_tell", "ii", Errno::kBadf},
      {"path_create_directory", "iii", Errno::kNosys},
      {"path_filestat_get", "iiiii", Errno::kNosys},
      {"path_filestat_set_times", "iiiiIIi", Errno::kNosys},
      {"path_link", "iiiiiii", Errno::kNosys},
      {"path_open", "iiiiiIIii", Errno::kNosys},
      {"path_readlink", "iiiiii", Errno::kNosys},
      {"path_remove_directory", "iii", Errno::kNosys},
      {"path_rename", "iiiiii", Errno::kNosys},
      {"path_symlink", "iiiii", Errno::kNosys},
      {"path_unlink_file", "iii", Errno::kNosys},
      {"proc_raise", "i", Errno::kNosys},
      {"sock_accept", "iii", Errno::kNosys},
      {"sock_recv", "iiiiii", Errno::kNosys},
      {"sock_send", "iiiii", Errno::kNosys},
      {"sock_shutdown", "ii", Errno::kNosys},
  };
  return kRefused;
}

}  // namespace host::wasi
