import QRCode from 'qrcode';

/** A new authenticator's secret as it is shown, this once: to scan, to tap and to type in. */
export async function authenticatorView(secret: string, otpauthUri: string) {
  return {
    secret,
    manual_entry_key: secret.match(/.{1,4}/g)!.join(' '),
    otpauth_uri: otpauthUri,
    qr_code_uri: otpauthUri,
    qr_code: await QRCode.toDataURL(otpauthUri, { errorCorrectionLevel: 'M', margin: 4, scale: 6 }),
  };
}
