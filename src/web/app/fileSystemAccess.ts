/** What the File System Access API adds to browsers that have it; TypeScript's own types leave it out. */
declare global {
  interface Window {
    showDirectoryPicker?(options?: { id?: string; mode?: 'read' | 'readwrite' }): Promise<FileSystemDirectoryHandle>;
  }
  interface FileSystemHandle {
    requestPermission?(options: { mode: 'read' | 'readwrite' }): Promise<PermissionState>;
  }
}

/** Where results are written beside the images. */
export const RESULTS_FOLDER = 'samus-export';
