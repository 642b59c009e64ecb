//! Records what SQLite asks of the disk below a folder, in its order, and lets some of it fail. It is SQLite's own file system with five
//! of its calls taken over; what nobody records goes straight through.

#![expect(unsafe_code, reason = "SQLite knows file systems as tables of C functions")]

use std::collections::{HashMap, HashSet};
use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, OnceLock, PoisonError, Weak};
use std::time::SystemTime;

use rusqlite::ffi;

use crate::id::EventId;

/// One thing that happened to the folder, or that was told to somebody.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A file of this name came to be.
    Made { name: String, file: usize },
    /// The name went.
    Removed { name: String },
    /// All names of the folder are on the disk as they are.
    NamesSynced,
    /// Bytes were written.
    Wrote { file: usize, at: usize, bytes: Vec<u8> },
    /// The file was cut or grown to so many bytes.
    Resized { file: usize, size: usize },
    /// What was done to the file before step number `covers` is on the disk.
    Synced { file: usize, covers: usize },
    /// The same was asked for and failed: what was written may be on the disk or not, and the system takes it for written.
    SyncFailed { file: usize, covers: usize },
    /// A caller was told that the event is recorded.
    Accepted(EventId),
    /// A caller was told that the event's run is recorded.
    Finished(EventId),
}

/// A call that may be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Open,
    Write,
    Resize,
    Sync,
}

/// Which calls fail: of those of this kind on files whose names end like this, `skip` go well and then `times` fail with `code`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) call: Call,
    pub(super) ending: &'static str,
    pub(super) skip: usize,
    pub(super) times: usize,
    pub(super) code: c_int,
}

/// When a file was changed that nobody has changed since.
const LONG_AGO: SystemTime = SystemTime::UNIX_EPOCH;

/// What happened to one folder.
pub(super) struct Recording {
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    folder: PathBuf,
    /// How often the process has died; what one that died does after that is not heard of.
    life: usize,
    steps: Vec<Step>,
    /// The file that each name stands for.
    files: HashMap<String, usize>,
    made: usize,
    fault: Option<Fault>,
    failed: usize,
    /// How many syncs of each file have failed. Linux tells each who has the file open, once.
    sync_failures: HashMap<usize, usize>,
    /// How many of them the store's own hand on its log was told of.
    told_of: usize,
    /// Whether the store's own syncs do nothing.
    is_deaf: bool,
    /// Files that were changed at [`LONG_AGO`], as long as nobody touches them.
    at_rest: HashSet<String>,
}

impl Log {
    /// The code with which this call is to fail, if it is.
    fn fails(&mut self, call: Call, name: &str) -> Option<c_int> {
        let fault = self.fault.as_mut().filter(|fault| fault.call == call && name.ends_with(fault.ending))?;
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        let code = fault.code;
        fault.times -= 1;
        if fault.times == 0 {
            self.fault = None;
        }
        self.failed += 1;
        Some(code)
    }

    /// The code with which this sync fails: it is to, or one failed that this hand on the file was not told of.
    fn fails_to_sync(&mut self, (file, name): (usize, &str), (covers, told_of): (usize, usize)) -> Result<(), (c_int, usize)> {
        if let Some(code) = self.fails(Call::Sync, name) {
            self.steps.push(Step::SyncFailed { file, covers });
            *self.sync_failures.entry(file).or_default() += 1;
            return Err((code, self.sync_failures_of(file)));
        }
        let failures = self.sync_failures_of(file);
        if failures > told_of {
            self.failed += 1;
            return Err((ffi::SQLITE_IOERR_FSYNC, failures));
        }
        Ok(())
    }

    fn sync_failures_of(&self, file: usize) -> usize {
        self.sync_failures.get(&file).copied().unwrap_or(0)
    }

    fn rest(&mut self) {
        for name in self.files.keys() {
            let file = std::fs::File::options().append(true).open(self.folder.join(name)).unwrap();
            file.set_modified(LONG_AGO).unwrap();
            self.at_rest.insert(name.clone());
        }
    }

    /// The file that was opened as `name`, which may have been there before and changed by others since.
    fn opened(&mut self, path: &Path, name: &str, was_there: bool) -> usize {
        if let (true, Some(&file)) = (was_there, self.files.get(name)) {
            if self.at_rest.remove(name) && std::fs::metadata(path).unwrap().modified().unwrap() != LONG_AGO {
                self.steps.push(Step::Wrote { file, at: 0, bytes: std::fs::read(path).unwrap() });
                self.steps.push(Step::Synced { file, covers: self.steps.len() });
            }
            return file;
        }
        let file = self.made;
        self.made += 1;
        self.files.insert(name.to_owned(), file);
        self.steps.push(Step::Made { name: name.to_owned(), file });
        file
    }
}

impl Recording {
    /// Begins to record what SQLite does below `folder`, which is to be empty.
    pub(super) fn begin(folder: &Path) -> Arc<Self> {
        register();
        let log = Log { folder: folder.canonicalize().unwrap(), ..Log::default() };
        let recording = Arc::new(Self { log: Mutex::new(log) });
        let mut all = recordings();
        all.retain(|other| other.strong_count() > 0);
        all.push(Arc::downgrade(&recording));
        recording
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what a caller was told.
    pub(super) fn say(&self, step: Step) {
        self.log().steps.push(step);
    }

    /// From now on these calls fail; one fault at a time.
    pub(super) fn fail(&self, fault: Option<Fault>) {
        self.log().fault = fault;
    }

    /// The recording of `folder`.
    pub(super) fn of(folder: &Path) -> Arc<Self> {
        recordings().iter().filter_map(Weak::upgrade).find(|recording| recording.log().folder == folder.canonicalize().unwrap()).unwrap()
    }

    /// From now on the store's own syncs of its log do nothing, and say that all is well.
    pub(super) fn sync_no_commit(&self) {
        self.log().is_deaf = true;
    }

    /// How many calls have failed so far.
    pub(super) fn failed(&self) -> usize {
        self.log().failed
    }

    /// How many syncs of the file of this name have been tried.
    pub(super) fn syncs(&self, name: &str) -> usize {
        let log = self.log();
        let Some(wanted) = log.files.get(name) else { return 0 };
        let is_sync = |step: &&Step| matches!(step, Step::Synced { file, .. } | Step::SyncFailed { file, .. } if file == wanted);
        log.steps.iter().filter(is_sync).count()
    }

    /// Nobody has the files open: whoever changes one before SQLite opens it again is to write the whole of it, and to sync it.
    pub(super) fn rest(&self) {
        self.log().rest();
    }

    /// The process dies. The system has what it wrote, synced or not, and the next one finds that in `folder`.
    pub(super) fn die(&self, folder: &Path) {
        let mut log = self.log();
        log.life += 1;
        let before = std::mem::replace(&mut log.folder, folder.canonicalize().unwrap());
        for name in log.files.keys() {
            std::fs::copy(before.join(name), folder.join(name)).unwrap();
        }
        log.rest();
    }

    /// Everything so far.
    pub(super) fn steps(&self) -> Vec<Step> {
        self.log().steps.clone()
    }
}

/// A file that SQLite has open in a folder that is recorded.
struct Open {
    recording: Arc<Recording>,
    life: usize,
    file: usize,
    name: String,
    /// Its first sync is one of the folder's names too, as SQLite does it for logs and journals that it may have made.
    syncs_names: AtomicBool,
    /// How many failed syncs of the file this was told of.
    told_of: AtomicUsize,
    real: &'static ffi::sqlite3_io_methods,
    ours: ffi::sqlite3_io_methods,
}

impl Open {
    /// The log, unless the process that has this open is dead.
    fn log(&self) -> Option<MutexGuard<'_, Log>> {
        Some(self.recording.log()).filter(|log| log.life == self.life)
    }
}

fn recordings() -> MutexGuard<'static, Vec<Weak<Recording>>> {
    static ALL: Mutex<Vec<Weak<Recording>>> = Mutex::new(Vec::new());
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// By the address of what SQLite knows them as.
fn all_open() -> MutexGuard<'static, HashMap<usize, Arc<Open>>> {
    static OPEN: OnceLock<Mutex<HashMap<usize, Arc<Open>>>> = OnceLock::new();
    OPEN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

fn open_of(file: *mut ffi::sqlite3_file) -> Arc<Open> {
    Arc::clone(&all_open()[&file.addr()])
}

/// The recording of the folder that this file lies in, and the file's path and name.
///
/// # Safety
///
/// `path` is null or ends with a zero byte.
unsafe fn recorded(path: *const c_char) -> Option<(Arc<Recording>, PathBuf, String)> {
    if path.is_null() {
        return None;
    }
    // SAFETY: as promised by the caller.
    let path = unsafe { CStr::from_ptr(path) }.to_str().ok()?;
    recorded_at(Path::new(path))
}

fn recorded_at(path: &Path) -> Option<(Arc<Recording>, PathBuf, String)> {
    let recording = recordings().iter().filter_map(Weak::upgrade).find(|recording| path.parent() == Some(&recording.log().folder))?;
    let name = path.file_name().and_then(OsStr::to_str)?.to_owned();
    Some((recording, path.to_owned(), name))
}

/// SQLite's own file system.
static REAL: OnceLock<usize> = OnceLock::new();

fn real() -> *mut ffi::sqlite3_vfs {
    std::ptr::with_exposed_provenance_mut(REAL.get().copied().unwrap())
}

/// Takes the place of SQLite's usual file system, for this process.
fn register() {
    static ONCE: Once = Once::new();
    // SAFETY: the usual file system is never removed, and ours is leaked, so both are there as long as the process.
    ONCE.call_once(|| unsafe {
        let found = ffi::sqlite3_vfs_find(std::ptr::null());
        REAL.set(found.expose_provenance()).unwrap();
        let ours = Box::new(ffi::sqlite3_vfs {
            zName: c"recording".as_ptr(),
            pNext: std::ptr::null_mut(),
            xOpen: Some(open),
            xDelete: Some(delete),
            ..*found
        });
        assert_eq!(ffi::sqlite3_vfs_register(Box::leak(ours), 1), ffi::SQLITE_OK);
    });
}

// SAFETY of all below: SQLite calls them with what it has from the real file system, and each passes it on to that.

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: see above.
    unsafe {
        let real_open = || ((*real()).xOpen.unwrap())(real(), path, file, flags, out);
        let Some((recording, full, name)) = recorded(path) else { return real_open() };
        let mut log = recording.log();
        if let Some(code) = log.fails(Call::Open, &name) {
            (*file).pMethods = std::ptr::null();
            return code;
        }
        let was_there = full.exists();
        let code = real_open();
        if code != ffi::SQLITE_OK {
            return code;
        }
        let (life, id) = (log.life, log.opened(&full, &name, was_there));
        let told_of = log.sync_failures_of(id);
        drop(log);
        let may_make = flags & (ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL) != 0 && flags & ffi::SQLITE_OPEN_CREATE != 0;
        let methods = &*(*file).pMethods;
        let opened = Arc::new(Open {
            recording,
            life,
            file: id,
            name,
            syncs_names: AtomicBool::new(may_make),
            told_of: AtomicUsize::new(told_of),
            real: methods,
            ours: ffi::sqlite3_io_methods {
                xClose: Some(close),
                xWrite: Some(write),
                xTruncate: Some(truncate),
                xSync: Some(sync),
                ..*methods
            },
        });
        (*file).pMethods = &raw const opened.ours;
        all_open().insert(file.addr(), opened);
        code
    }
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, path: *const c_char, sync_names: c_int) -> c_int {
    // SAFETY: see above.
    unsafe {
        let real_delete = || ((*real()).xDelete.unwrap())(real(), path, sync_names);
        let Some((recording, _, name)) = recorded(path) else { return real_delete() };
        let mut log = recording.log();
        let code = real_delete();
        if code == ffi::SQLITE_OK {
            log.files.remove(&name);
            log.steps.push(Step::Removed { name });
            if sync_names != 0 {
                log.steps.push(Step::NamesSynced);
            }
        }
        code
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // The table that was called through goes with this, after its last use.
    let opened = all_open().remove(&file.addr()).unwrap();
    // SAFETY: see above.
    unsafe { (opened.real.xClose.unwrap())(file) }
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, data: *const c_void, amount: c_int, at: i64) -> c_int {
    let opened = open_of(file);
    // SAFETY: see above; `data` has as many bytes as SQLite says.
    let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), usize::try_from(amount).unwrap()) }.to_vec();
    let mut log = opened.log();
    if let Some(log) = &mut log {
        if let Some(code) = log.fails(Call::Write, &opened.name) {
            return code;
        }
        // The log is held until the file is changed too: so its order is the order of the changes.
        log.steps.push(Step::Wrote { file: opened.file, at: usize::try_from(at).unwrap(), bytes });
    }
    // SAFETY: see above.
    unsafe { (opened.real.xWrite.unwrap())(file, data, amount, at) }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    let opened = open_of(file);
    let mut log = opened.log();
    if let Some(log) = &mut log {
        if let Some(code) = log.fails(Call::Resize, &opened.name) {
            return code;
        }
        log.steps.push(Step::Resized { file: opened.file, size: usize::try_from(size).unwrap() });
    }
    // SAFETY: see above.
    unsafe { (opened.real.xTruncate.unwrap())(file, size) }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    let opened = open_of(file);
    let mut covers = 0;
    if let Some(mut log) = opened.log() {
        covers = log.steps.len();
        let told_of = opened.told_of.load(Ordering::Relaxed);
        if let Err((code, told_of)) = log.fails_to_sync((opened.file, &opened.name), (covers, told_of)) {
            opened.told_of.store(told_of, Ordering::Relaxed);
            return code;
        }
    }
    // SAFETY: see above.
    let code = unsafe { (opened.real.xSync.unwrap())(file, flags) };
    assert_eq!(code, ffi::SQLITE_OK, "the disk of this machine fails");
    if let Some(mut log) = opened.log() {
        log.steps.push(Step::Synced { file: opened.file, covers });
        if opened.syncs_names.swap(false, Ordering::Relaxed) {
            log.steps.push(Step::NamesSynced);
        }
    }
    code
}

/// The recording of a store's log, its number among the files, and its name.
fn recorded_log(path: &Path) -> Option<(Arc<Recording>, usize, String)> {
    let (recording, _, name) = recorded_at(&path.parent()?.canonicalize().ok()?.join(path.file_name()?))?;
    let file = recording.log().files.get(&name).copied()?;
    Some((recording, file, name))
}

fn failed_io(code: c_int) -> io::Error {
    io::Error::other(format!("the disk fails as SQLite's {code}"))
}

/// The store syncs its log, without SQLite.
pub(in super::super) fn syncing(path: &Path, sync: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let Some((recording, file, name)) = recorded_log(path) else { return sync() };
    let mut log = recording.log();
    if log.is_deaf {
        return Ok(());
    }
    let (covers, told_of) = (log.steps.len(), log.told_of);
    if let Err((code, told_of)) = log.fails_to_sync((file, &name), (covers, told_of)) {
        log.told_of = told_of;
        return Err(failed_io(code));
    }
    drop(log);
    sync()?;
    recording.log().steps.push(Step::Synced { file, covers });
    Ok(())
}

/// The store writes its log anew while nobody else writes to it, and syncs it.
pub(in super::super) fn renewing(path: &Path, renew: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let Some((recording, file, name)) = recorded_log(path) else { return renew() };
    let mut log = recording.log();
    if let Some(code) = log.fails(Call::Write, &name) {
        return Err(failed_io(code));
    }
    log.steps.push(Step::Wrote { file, at: 0, bytes: std::fs::read(path)? });
    let (covers, told_of) = (log.steps.len(), log.told_of);
    if let Err((code, told_of)) = log.fails_to_sync((file, &name), (covers, told_of)) {
        log.told_of = told_of;
        return Err(failed_io(code));
    }
    renew()?;
    log.steps.push(Step::Synced { file, covers });
    Ok(())
}
