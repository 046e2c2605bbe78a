//! Calls on paths. `cap-std` resolves every path inside the folder that it is relative
//! to: neither `..` nor a symbolic link leads out.
#![forbid(unsafe_code)]

use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _};

use super::descriptor::{Descriptor, OpenDirectory, OpenFile};
use super::errno::Errno;
use super::fd::{RIGHT_READ, RIGHT_WRITE, timestamps};
use super::guest::Guest;
use super::{Arguments, Context};

const FOLLOW: u32 = 1;

const CREATE: u32 = 1;
const DIRECTORY: u32 = 2;
const EXCLUSIVE: u32 = 4;
const TRUNCATE: u32 = 8;
const OPEN_FLAGS: u32 = 15;

const APPEND: u32 = 1;
const NON_BLOCKING: u32 = 4;
const DESCRIPTOR_FLAGS: u32 = 31;

impl Context {
    /// The folder and the path of a call that gives them as arguments `dir`, `path` and
    /// the path's length.
    fn at(
        &mut self,
        guest: &Guest<'_>,
        args: Arguments,
        dir: usize,
        path: usize,
    ) -> Result<(&Dir, String), Errno> {
        let path = guest.path(args.u32(path), args.u32(path + 1))?;
        Ok((&self.descriptors.directory(args.u32(dir))?.dir, path))
    }

    pub(super) fn path_open(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        let (lookup, oflags, rights, fdflags) =
            (args.u32(1), args.u32(4), args.u64(5), args.u32(7));
        let (dir, path) = self.at(guest, args, 0, 2)?;
        if lookup > FOLLOW || oflags > OPEN_FLAGS || fdflags > DESCRIPTOR_FLAGS {
            return Err(Errno::Invalid);
        }
        if fdflags & NON_BLOCKING != 0 {
            return Err(Errno::NotSupported);
        }
        let descriptor = open(dir, &path, lookup, oflags, rights, fdflags)?;
        let number = self.descriptors.push(descriptor)?;
        guest.store_u32(args.u32(8), number)
    }

    pub(super) fn path_create_directory(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        let (dir, path) = self.at(guest, args, 0, 1)?;
        Ok(dir.create_dir(path)?)
    }

    pub(super) fn path_remove_directory(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        let (dir, path) = self.at(guest, args, 0, 1)?;
        Ok(dir.remove_dir(path)?)
    }

    pub(super) fn path_unlink_file(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        let (dir, path) = self.at(guest, args, 0, 1)?;
        Ok(dir.remove_file(path)?)
    }

    pub(super) fn path_filestat_get(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        let (dir, path) = self.at(guest, args, 0, 2)?;
        let follow = args.u32(1) & FOLLOW != 0;
        let metadata = if follow { dir.metadata(path)? } else { dir.symlink_metadata(path)? };
        self.world.filestat(&metadata).store(guest, args.u32(4))
    }

    pub(super) fn path_filestat_set_times(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        let (dir, path) = self.at(guest, args, 0, 2)?;
        let times = timestamps(args.u64(4), args.u64(5), args.u32(6))?;
        let mut options = OpenOptions::new();
        options.read(true).follow(follow(args.u32(1)));
        let file = dir.open_with(path, &options)?;
        Ok(rustix::fs::futimens(&file, &times).map_err(std::io::Error::from)?)
    }

    pub(super) fn path_link(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        if args.u32(1) & FOLLOW != 0 {
            return Err(Errno::Invalid);
        }
        let new = guest.path(args.u32(5), args.u32(6))?;
        let to = self.descriptors.directory(args.u32(4))?.dir.try_clone()?;
        let (dir, old) = self.at(guest, args, 0, 2)?;
        Ok(dir.hard_link(old, &to, new)?)
    }

    pub(super) fn path_rename(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        let new = guest.path(args.u32(4), args.u32(5))?;
        let to = self.descriptors.directory(args.u32(3))?.dir.try_clone()?;
        let (dir, old) = self.at(guest, args, 0, 1)?;
        Ok(dir.rename(old, &to, new)?)
    }

    /// Absolute targets are refused: they could lead out for others.
    pub(super) fn path_symlink(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        let target = guest.path(args.u32(0), args.u32(1))?;
        let (dir, path) = self.at(guest, args, 2, 3)?;
        Ok(dir.symlink(target, path)?)
    }

    pub(super) fn path_readlink(
        &mut self,
        guest: &mut Guest<'_>,
        args: Arguments,
    ) -> Result<(), Errno> {
        let (dir, path) = self.at(guest, args, 0, 1)?;
        let target = dir.read_link(path)?;
        let target = target.to_str().ok_or(Errno::IllegalBytes)?.as_bytes();
        let shown = &target[..target.len().min(args.u32(4) as usize)];
        guest.write(args.u32(3), shown)?;
        let len = u32::try_from(shown.len()).map_err(|_| Errno::Overflow)?;
        guest.store_u32(args.u32(5), len)
    }
}

fn follow(lookup: u32) -> FollowSymlinks {
    if lookup & FOLLOW != 0 { FollowSymlinks::Yes } else { FollowSymlinks::No }
}

/// Opens a file or a folder: what is asked for, or what is there.
fn open(
    dir: &Dir,
    path: &str,
    lookup: u32,
    oflags: u32,
    rights: u64,
    fdflags: u32,
) -> Result<Descriptor, Errno> {
    let write = rights & RIGHT_WRITE != 0 || oflags & TRUNCATE != 0;
    let read = rights & RIGHT_READ != 0 || !write;
    let directory = |opened: Dir| Descriptor::Directory(OpenDirectory::new(opened, None));
    if oflags & DIRECTORY != 0 {
        if oflags & (CREATE | EXCLUSIVE | TRUNCATE) != 0 {
            return Err(Errno::Invalid);
        }
        let open =
            if lookup & FOLLOW != 0 { dir.open_dir(path) } else { dir.open_dir_nofollow(path) };
        return Ok(directory(open?));
    }
    let mut options = OpenOptions::new();
    let exclusive = oflags & EXCLUSIVE != 0 && oflags & CREATE != 0;
    options.read(read).write(write).append(write && fdflags & APPEND != 0).follow(follow(lookup));
    options.create_new(exclusive).create(oflags & CREATE != 0 && !exclusive);
    options.truncate(oflags & TRUNCATE != 0);
    if oflags & CREATE != 0 && !write {
        // Linux creates for a reader, too, but the standard library wants a writer.
        options.write(true);
    }
    options.mode(0o666);
    let file = match dir.open_with(path, &options) {
        Err(_) if !write && oflags == 0 && dir.is_dir(path) => {
            return Ok(directory(dir.open_dir(path)?));
        }
        result => result?,
    };
    if file.metadata()?.is_dir() {
        return if write { Err(Errno::IsDirectory) } else { Ok(directory(dir.open_dir(path)?)) };
    }
    let flags = u16::try_from(fdflags).map_err(|_| Errno::Invalid)?;
    Ok(Descriptor::File(OpenFile { file, readable: read, writable: write, flags }))
}
