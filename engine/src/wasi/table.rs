//! The calls of WASI preview 1 by name, with their types: one line each.
#![forbid(unsafe_code)]

use super::guest::Guest;
use super::{Arguments, Context, Stopped};
use crate::program::{FuncType, ValType};

/// Most parameters that a call has (`path_open`).
pub(super) const MAX_PARAMS: usize = 9;

/// One call.
pub(super) struct Call {
    pub(super) name: &'static str,
    /// A letter each: `i` for i32, `I` for i64.
    params: &'static str,
    /// Whether it returns an error number.
    returns: bool,
    pub(super) code: fn(&mut Context, &mut Guest<'_>, Arguments) -> Result<(), Stopped>,
}

impl Call {
    /// Its type.
    pub(super) fn ty(&self) -> FuncType {
        let param = |letter| if letter == 'i' { ValType::I32 } else { ValType::I64 };
        let results = if self.returns { vec![ValType::I32] } else { Vec::new() };
        FuncType { params: self.params.chars().map(param).collect(), results }
    }
}

macro_rules! calls {
    ($( $name:ident $params:literal => $code:ident; )*) => {
        /// Every call that there is.
        pub(super) const CALLS: &[Call] = &[
            Call { name: "proc_exit", params: "i", returns: false, code: Context::proc_exit },
            $( Call {
                name: stringify!($name),
                params: $params,
                returns: true,
                code: |context, guest, args| Ok(context.$code(guest, args)?),
            }, )*
        ];
    };
}

calls! {
    args_get "ii" => args_get;
    args_sizes_get "ii" => args_sizes_get;
    environ_get "ii" => environ_get;
    environ_sizes_get "ii" => environ_sizes_get;
    clock_res_get "ii" => clock_res_get;
    clock_time_get "iIi" => clock_time_get;
    random_get "ii" => random_get;
    sched_yield "" => sched_yield;
    poll_oneoff "iiii" => poll_oneoff;

    fd_advise "iIIi" => fd_advise;
    fd_allocate "iII" => fd_allocate;
    fd_close "i" => fd_close;
    fd_datasync "i" => fd_sync;
    fd_fdstat_get "ii" => fd_fdstat_get;
    fd_fdstat_set_flags "ii" => fd_fdstat_set_flags;
    fd_fdstat_set_rights "iII" => fd_fdstat_set_rights;
    fd_filestat_get "ii" => fd_filestat_get;
    fd_filestat_set_size "iI" => fd_filestat_set_size;
    fd_filestat_set_times "iIIi" => fd_filestat_set_times;
    fd_pread "iiiIi" => fd_pread;
    fd_prestat_dir_name "iii" => fd_prestat_dir_name;
    fd_prestat_get "ii" => fd_prestat_get;
    fd_pwrite "iiiIi" => fd_pwrite;
    fd_read "iiii" => fd_read;
    fd_readdir "iiiIi" => fd_readdir;
    fd_renumber "ii" => fd_renumber;
    fd_seek "iIii" => fd_seek;
    fd_sync "i" => fd_sync;
    fd_tell "ii" => fd_tell;
    fd_write "iiii" => fd_write;

    path_create_directory "iii" => path_create_directory;
    path_filestat_get "iiiii" => path_filestat_get;
    path_filestat_set_times "iiiiIIi" => path_filestat_set_times;
    path_link "iiiiiii" => path_link;
    path_open "iiiiiIIii" => path_open;
    path_readlink "iiiiii" => path_readlink;
    path_remove_directory "iii" => path_remove_directory;
    path_rename "iiiiii" => path_rename;
    path_symlink "iiiii" => path_symlink;
    path_unlink_file "iii" => path_unlink_file;
}
